/* kill, delete, pause and resume. */
#include "../common/cleanup.h"
#include "command-records.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int
signal_all (struct box_container *container, int number, struct tss_error *error)
{
  tss_autofree pid_t *pids = NULL;
  ssize_t count;

  if (number == SIGKILL)
    return box_kill_all (container, error);
  count = box_pids (container, &pids, error);
  for (ssize_t i = 0; i < count; i++)
    kill (pids[i], number);
  return count < 0 ? -1 : 0;
}

int
command_kill (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  const char *name = options->argument_count > 1 ? options->arguments[1] : "TERM";
  int number = command_signal_number (name);

  if (number < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "signal", "unknown signal %s", name);
  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  if (options->all)
    return signal_all (record.container, number, error);
  /* Engines look for these words. */
  if (!box_is_alive (record.container))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "container not running");
  return box_signal (record.container, number, error);
}

/* With --force what is gone already is as wanted, and what a create that was killed has left goes too. */
static int
delete_unknown (const struct command_options *options, struct command_record *record, struct tss_error *error)
{
  if (!options->force || error->code != TSS_ERROR_NOT_FOUND)
    return -1;
  return command_record_remove (record, error);
}

/* Hooks that can no longer be read do not keep a container alive. */
static int
load_for_deletion (const struct command_options *options, struct command_record *record, struct tss_error *error)
{
  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_IF_NEEDED, record, error) == 0)
    return 0;
  if (error->code == TSS_ERROR_NOT_FOUND)
    return -1;
  command_record_free (record);
  return command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, record, error);
}

/* Engines hear of a kill for want of memory by an eventfd on the memory cgroup of v1, and believe it only if the cgroup
 * is still there when they come to look (containerd/cgroups, epoll.process). We are here 20 ms sooner than runc would
 * be, and a busy machine lets them wait. */
static void
let_watchers_look (struct box_container *container)
{
  enum
  {
    LOOK_MS = 100
  };

  if (box_oom_kills (container) > 0)
    poll (NULL, 0, LOOK_MS);
}

int
command_delete (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  struct box_container *container;
  const char *status;

  if (load_for_deletion (options, &record, error) < 0)
    return delete_unknown (options, &record, error);
  status = command_record_status (&record);
  /* A created container has no program yet that could be asked to stop. */
  if (!options->force && strcmp (status, "stopped") != 0 && strcmp (status, "created") != 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "delete container %s: it is %s", options->arguments[0],
                          status);
  let_watchers_look (record.container);
  container = tss_steal_pointer (&record.container);
  if (box_destroy (container, error) < 0)
    return -1;
  return command_record_remove (&record, error);
}

static int
set_frozen (struct command_options *options, bool frozen, struct tss_error *error)
{
  command_autorecord record = { 0 };
  const char *needed = frozen ? "running" : "paused";
  const char *status;

  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  status = command_record_status (&record);
  if (strcmp (status, needed) != 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "%s container %s: it is %s", frozen ? "pause" : "resume",
                          options->arguments[0], status);
  return box_freeze (record.container, frozen, error);
}

int
command_pause (struct command_options *options, struct tss_error *error)
{
  return set_frozen (options, true, error);
}

int
command_resume (struct command_options *options, struct tss_error *error)
{
  return set_frozen (options, false, error);
}
