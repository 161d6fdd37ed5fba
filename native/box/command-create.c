/* create, start and run. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "command-early-start.h"
#include "command-records.h"
#include "command-session.h"

#include <limits.h>
#include <signal.h>
#include <string.h>

/* The terminal goes to whoever listens at --console-socket, or to the session of a `run` that stays. */
static int
check_terminal (const struct command_options *options, const json_t *spec, bool detached, struct tss_error *error)
{
  bool terminal = json_is_true (json_object_get (json_object_get (spec, "process"), "terminal"));

  if (terminal && detached && !options->console_socket)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--console-socket",
                          "--console-socket is needed: process.terminal is true and nobody stays to hold the terminal");
  if (!terminal && options->console_socket)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--console-socket",
                          "--console-socket is given, but process.terminal is not true");
  return 0;
}

static json_t *
load_bundle (const struct command_options *options, char *bundle, struct tss_error *error)
{
  char path[PATH_MAX];
  const char *given = options->bundle ? options->bundle : ".";
  json_t *spec;

  if (!realpath (given, bundle))
    {
      tss_error_set (error, TSS_ERROR_NOT_FOUND, errno, given, "open the bundle %s", given);
      return NULL;
    }
  snprintf (path, sizeof path, "%s/config.json", bundle);
  spec = tss_json_load_file (path, error);
  command_pass_listen_fds (json_object_get (spec, "process"));
  return spec;
}

static int
publish (struct command_options *options, const struct command_record *record, struct box_container *container,
         struct tss_error *error)
{
  if (command_record_publish (record, error) < 0)
    return -1;
  if (options->console_socket)
    {
      tss_autofd int terminal = box_steal_terminal (container);

      if (command_send_terminal (options->console_socket, terminal, error) < 0)
        return -1;
    }
  return command_write_pid_file (options, box_pid (container), error);
}

struct saving
{
  struct command_record *record;
  const char *id, *bundle;
  const json_t *spec;
};

static int
save (void *context, const struct box_container *container, struct tss_error *error)
{
  const struct saving *saving = context;

  if (command_record_save_spec (saving->record, saving->spec, error) < 0)
    return -1;
  return command_record_prepare (saving->record, saving->id, saving->bundle, saving->spec, container, error);
}

/* Makes the container; on failure nothing is left of it. STAYS: the caller will start it itself. */
static int
create (struct command_options *options, bool stays, bool detached, struct command_record *record,
        struct box_container **container, struct tss_error *error)
{
  char bundle[PATH_MAX];
  tss_autojson json_t *spec = load_bundle (options, bundle, error);
  struct saving saving = { record, options->arguments[0], bundle, spec };
  struct box_options box_options = { .id = options->arguments[0],
                                     .bundle = bundle,
                                     .spec = spec,
                                     .stdio = { 0, 1, 2 },
                                     .keep_keyring = options->no_new_keyring,
                                     .warner = command_warner (options),
                                     .meanwhile = save,
                                     .context = &saving };

  if (!spec || check_terminal (options, spec, detached, error) < 0
      || command_preserve_fds (options, &box_options.preserve_fds, error) < 0
      || command_record_make (options, options->arguments[0], record, error) < 0)
    return -1;
  box_options.start_socket = stays ? NULL : record->start_socket;
  if (box_create (&box_options, container, error) == 0)
    {
      if (publish (options, record, *container, error) == 0)
        return 0;
      box_destroy (*container, NULL);
    }
  command_record_remove (record, NULL);
  return -1;
}

int
command_create (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  struct box_container *container;

  if (create (options, false, true, &record, &container, error) < 0)
    return -1;
  box_forget (container);
  return 0;
}

static int
release (const struct command_options *options, const struct command_record *record, struct tss_error *error)
{
  int asked = command_early_connection ();
  const char *status;

  if (asked >= 0)
    return box_await_release (record->container, asked, record->start_socket, error);
  status = command_record_status (record);
  if (strcmp (status, "created") != 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "start container %s: it is %s", options->arguments[0], status);
  return box_release (record->container, record->start_socket, error);
}

int
command_start (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };

  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_IF_NEEDED, &record, error) < 0
      || release (options, &record, error) < 0)
    return -1;
  /* By this socket a container is known as one that has not been started. */
  if (unlink (record.start_socket) < 0 && errno != ENOENT)
    return tss_error_set (error, TSS_ERROR_IO, errno, record.start_socket, "remove %s", record.start_socket);
  return 0;
}

static int
finish_run (struct command_options *options, struct command_record *record, struct box_container *container,
            struct tss_error *error)
{
  int status = 0;

  if (options->detach)
    {
      box_forget (container);
      return 0;
    }
  status = command_session (box_pid (container), box_steal_terminal (container), error);
  if (box_destroy (container, status < 0 ? NULL : error) < 0)
    status = -1;
  if (!options->keep)
    command_record_remove (record, NULL);
  return status;
}

int
command_run (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  struct box_container *container;

  if (create (options, true, options->detach, &record, &container, error) < 0)
    return -1;
  if (box_start (container, error) == 0)
    return finish_run (options, &record, container, error);
  box_destroy (container, NULL);
  command_record_remove (&record, NULL);
  return -1;
}
