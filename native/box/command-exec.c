/* exec. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "command-records.h"
#include "command-session.h"

#include <string.h>

static int
set_user (json_t *process, const char *text, struct tss_error *error)
{
  int64_t uid, gid = 0;
  char name[32];
  const char *colon = strchr (text, ':');

  snprintf (name, sizeof name, "%.*s", (int)strcspn (text, ":"), text);
  if (command_number (name, "--user", &uid, error) < 0
      || (colon && command_number (colon + 1, "--user", &gid, error) < 0))
    return -1;
  json_object_set_new (process, "user", json_pack ("{s:I, s:I}", "uid", (json_int_t)uid, "gid", (json_int_t)gid));
  return 0;
}

static int
add_capabilities (json_t *process, const struct command_options *options)
{
  static const char *const sets[] = { "bounding", "effective", "permitted", "inheritable" };
  json_t *object = json_object_get (process, "capabilities");

  for (size_t i = 0; object && i < TSS_LENGTH (sets); i++)
    for (size_t j = 0; j < options->capability_count; j++)
      {
        json_t *set = json_object_get (object, sets[i]);

        if (set)
          json_array_append_new (set, json_string (options->capabilities[j]));
      }
  return 0;
}

/* As the container's own process, with what the command line says on top. */
static json_t *
process_from_options (const struct command_options *options, const json_t *spec, struct tss_error *error)
{
  json_t *process = json_deep_copy (json_object_get (spec, "process"));
  json_t *words = json_array ();

  for (int i = 1; i < options->argument_count; i++)
    json_array_append_new (words, json_string (options->arguments[i]));
  json_object_set_new (process, "args", words);
  json_object_set_new (process, "terminal", json_boolean (options->tty));
  if (options->cwd)
    json_object_set_new (process, "cwd", json_string (options->cwd));
  if (options->no_new_privileges)
    json_object_set_new (process, "noNewPrivileges", json_true ());
  for (size_t i = 0; i < options->environment_count; i++)
    json_array_append_new (json_object_get (process, "env"), json_string (options->environment[i]));
  add_capabilities (process, options);
  if (!options->user || set_user (process, options->user, error) == 0)
    return process;
  json_decref (process);
  return NULL;
}

static json_t *
load_process (const struct command_options *options, const struct command_record *record, struct tss_error *error)
{
  char path[sizeof record->directory + 32];
  tss_autojson json_t *spec = NULL;
  json_t *process;

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
  if (strcmp (status, "running") == 0 || strcmp (status, "created") == 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_STATE, 0, "", "exec in container %s: it is %s", options->arguments[0], status);
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
      || command_record_load (options, options->arguments[0], true, &record, error) < 0
      || check_state (options, &record, error) < 0 || !(process = load_process (options, &record, error)))
    return -1;
  exec_options.process = process;
  if (options->detach && json_is_true (json_object_get (process, "terminal")) && !options->console_socket)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--console-socket",
                          "--console-socket is needed for a detached terminal");
  if (box_exec (record.container, &exec_options, &pid, &terminal, error) < 0)
    return -1;
  if (options->console_socket && command_send_terminal (options->console_socket, terminal, error) < 0)
    return -1;
  if (options->console_socket)
    tss_close (&terminal);
  if (command_write_pid_file (options, pid, error) < 0)
    return -1;
  return options->detach ? 0 : command_session (pid, tss_steal_fd (&terminal), error);
}
