/* exec. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "command-records.h"
#include "command-session.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* The array KEY of OBJECT, made when it is not there. */
static json_t *
array_of (json_t *object, const char *key)
{
  json_t *array = json_object_get (object, key);

  if (json_is_array (array))
    return array;
  json_object_set_new (object, key, json_array ());
  return json_object_get (object, key);
}

static json_t *
object_of (json_t *object, const char *key)
{
  json_t *member = json_object_get (object, key);

  if (json_is_object (member))
    return member;
  json_object_set_new (object, key, json_object ());
  return json_object_get (object, key);
}

/* "UID[:GID]" */
static int
set_user (json_t *user, const char *text, struct tss_error *error)
{
  int64_t uid, gid = 0;
  char name[32];
  const char *colon = strchr (text, ':');

  snprintf (name, sizeof name, "%.*s", (int)strcspn (text, ":"), text);
  if (command_number (name, "--user", &uid, error) < 0
      || (colon && command_number (colon + 1, "--user", &gid, error) < 0))
    return -1;
  json_object_set_new (user, "uid", json_integer (uid));
  if (colon)
    json_object_set_new (user, "gid", json_integer (gid));
  return 0;
}

static int
add_groups (json_t *user, const struct command_options *options, struct tss_error *error)
{
  for (size_t i = 0; i < options->group_count; i++)
    {
      int64_t gid;

      if (command_number (options->groups[i], "--additional-gids", &gid, error) < 0)
        return -1;
      json_array_append_new (array_of (user, "additionalGids"), json_integer (gid));
    }
  return 0;
}

/* Not inheritable ones: a program with file capabilities would gain by them what it should not (CVE-2022-29162). */
static void
add_capabilities (json_t *process, const struct command_options *options)
{
  static const char *const sets[] = { "bounding", "effective", "permitted" };

  for (size_t i = 0; i < TSS_LENGTH (sets); i++)
    for (size_t j = 0; j < options->capability_count; j++)
      json_array_append_new (array_of (object_of (process, "capabilities"), sets[i]),
                             json_string (options->capabilities[j]));
}

static void
set_string (json_t *process, const char *key, const char *value)
{
  if (value)
    json_object_set_new (process, key, json_string (value));
}

/* As the container's own process, with what the command line says on top. */
static json_t *
process_from_options (const struct command_options *options, const json_t *spec, struct tss_error *error)
{
  tss_autojson json_t *process = json_deep_copy (json_object_get (spec, "process"));
  json_t *words = json_array ();

  for (int i = 1; i < options->argument_count; i++)
    json_array_append_new (words, json_string (options->arguments[i]));
  json_object_set_new (process, "args", words);
  json_object_set_new (process, "terminal", json_boolean (options->tty));
  set_string (process, "cwd", options->cwd);
  set_string (process, "selinuxLabel", options->process_label);
  set_string (process, "apparmorProfile", options->apparmor);
  if (options->no_new_privileges)
    json_object_set_new (process, "noNewPrivileges", json_true ());
  for (size_t i = 0; i < options->environment_count; i++)
    json_array_append_new (array_of (process, "env"), json_string (options->environment[i]));
  add_capabilities (process, options);
  if ((options->user && set_user (object_of (process, "user"), options->user, error) < 0)
      || add_groups (object_of (process, "user"), options, error) < 0)
    return NULL;
  return tss_steal_pointer (&process);
}

/* What a process from a file is has no other source: an option beside it would be passed over. */
static bool
has_own_wishes (const struct command_options *options)
{
  return options->argument_count > 1 || options->user || options->cwd || options->process_label || options->apparmor
         || options->no_new_privileges || options->environment_count || options->capability_count
         || options->group_count;
}

static json_t *
load_process (const struct command_options *options, const struct command_record *record, struct tss_error *error)
{
  char path[sizeof record->directory + 32];
  tss_autojson json_t *spec = NULL;
  json_t *process;

  if (options->process && has_own_wishes (options))
    {
      tss_error_set (error, TSS_ERROR_INVALID, 0, "--process",
                     "--process names the whole process: no COMMAND, --user, --env or the like goes with it");
      return NULL;
    }
  if (options->process)
    {
      process = tss_json_load_file (options->process, error);
      if (process && options->tty)
        json_object_set_new (process, "terminal", json_true ());
      return process;
    }
  if (options->argument_count < 2)
    {
      tss_error_set (error, TSS_ERROR_INVALID, 0, "exec", "exec: name a command or give --process");
      return NULL;
    }
  snprintf (path, sizeof path, "%s/config.json", record->directory);
  spec = tss_json_load_file (path, error);
  return spec ? process_from_options (options, spec, error) : NULL;
}

static int
check_state (const struct command_options *options, const struct command_record *record, struct tss_error *error)
{
  const char *status = command_record_status (record);

  /* As for runc, a created container may be entered too. */
  if (strcmp (status, "running") == 0 || strcmp (status, "created") == 0
      || (options->ignore_paused && strcmp (status, "paused") == 0))
    return 0;
  return tss_error_set (error, TSS_ERROR_STATE, 0, "", "exec in container %s: it is %s", options->arguments[0], status);
}

/* Tells who is to know of the process; a terminal that was handed over is not ours any more. */
static int
publish (const struct command_options *options, pid_t pid, int *terminal, struct tss_error *error)
{
  if (options->console_socket && command_send_terminal (options->console_socket, *terminal, error) < 0)
    return -1;
  if (options->console_socket)
    tss_close (terminal);
  return command_write_pid_file (options, pid, error);
}

int
command_exec (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  tss_autojson json_t *process = NULL;
  tss_autofd int terminal = -1;
  struct box_exec_options exec_options = { .stdio = { 0, 1, 2 } };
  pid_t pid;

  if (command_preserve_fds (options, &exec_options.preserve_fds, error) < 0
      || command_record_load (options, options->arguments[0], COMMAND_SPEC_WHOLE, &record, error) < 0
      || check_state (options, &record, error) < 0 || !(process = load_process (options, &record, error)))
    return -1;
  command_pass_listen_fds (process);
  exec_options.process = process;
  exec_options.cgroup = options->cgroup;
  exec_options.when_frozen = options->ignore_paused;
  if (options->detach && json_is_true (json_object_get (process, "terminal")) && !options->console_socket)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--console-socket",
                          "--console-socket is needed for a detached terminal");
  if (box_exec (record.container, &exec_options, &pid, &terminal, error) < 0)
    return -1;
  if (publish (options, pid, &terminal, error) < 0)
    {
      /* Nobody knows of it. */
      kill (pid, SIGKILL);
      TSS_RETRY (waitpid (pid, NULL, 0));
      return -1;
    }
  return options->detach ? 0 : command_session (pid, tss_steal_fd (&terminal), error);
}
