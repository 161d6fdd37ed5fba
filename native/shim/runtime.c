/* Containers that another OCI runtime makes. */
#include "runtime.h"
#include "../box/capabilities.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"
#include "console-socket.h"
#include "runtime-bundle.h"
#include "runtime-command.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* Names in the bundle's directory, which is where the runtime runs. */
#define LOG "log.json"
#define PID_FILE "pid"
#define CONSOLE "console.sock"
#define PROCESS "process.json"

struct call
{
  char directory[PATH_MAX];
  struct runtime_command command;
  size_t count;
};

static void
add (struct call *call, const char *argument)
{
  call->command.arguments[call->count++] = argument;
}

static int
begin (struct call *call, const struct shim_options *options, const char *verb, struct tss_error *error)
{
  *call = (struct call){ .command = { .directory = call->directory, .log = LOG, .stdio = { -1, -1, -1 } } };
  if (runtime_bundle_path (options, call->directory, error) < 0)
    return -1;
  add (call, options->runtime);
  add (call, "--root");
  add (call, "state");
  add (call, "--log");
  add (call, LOG);
  add (call, "--log-format");
  add (call, "json");
  add (call, verb);
  return 0;
}

static int
run_plain (const struct shim_options *options, const char *verb, const char *flag, struct tss_error *error)
{
  struct call call;

  if (begin (&call, options, verb, error) < 0)
    return -1;
  if (flag)
    add (&call, flag);
  add (&call, options->id);
  return runtime_command_run (&call.command, error);
}

static int
file_path (const struct call *call, const char *name, char *path, struct tss_error *error)
{
  if ((size_t)snprintf (path, PATH_MAX, "%s/%s", call->directory, name) < PATH_MAX)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "bundle", "name a file of the bundle");
}

static pid_t
read_pid (const struct call *call, struct tss_error *error)
{
  char path[PATH_MAX], text[32];
  pid_t pid = 0;

  if (file_path (call, PID_FILE, path, error) < 0)
    return -1;
  if (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) > 0)
    pid = atoi (text);
  if (pid <= 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "learn the process from the container runtime");
  return pid;
}

/* A process that is to have a terminal gets it by way of a socket, another one these descriptors. */
static int
run_with_process (struct call *call, const char *id, bool has_terminal, const int stdio[3], int *terminal,
                  struct tss_error *error)
{
  char path[PATH_MAX];
  tss_autofd int listener = -1;

  *terminal = -1;
  add (call, "--pid-file");
  add (call, PID_FILE);
  if (has_terminal)
    {
      if (file_path (call, CONSOLE, path, error) < 0 || (listener = console_socket_open (path, error)) < 0)
        return -1;
      add (call, "--console-socket");
      add (call, CONSOLE);
    }
  for (int i = 0; i < 3 && !has_terminal; i++)
    call->command.stdio[i] = stdio[i];
  add (call, id);
  if (runtime_command_run (&call->command, error) < 0)
    return -1;
  if (has_terminal && (*terminal = console_socket_take (listener, error)) < 0)
    return -1;
  return read_pid (call, error);
}

int
runtime_create (const struct shim_options *options, const json_t *spec, const int stdio[3],
                struct box_container **container, int *terminal, struct tss_error *error)
{
  bool has_terminal = json_is_true (json_object_get (json_object_get (spec, "process"), "terminal"));
  struct call call;
  pid_t pid;

  if (runtime_bundle_make (options, spec, error) < 0 || begin (&call, options, "create", error) < 0)
    return -1;
  add (&call, "--bundle");
  add (&call, ".");
  pid = run_with_process (&call, options->id, has_terminal, stdio, terminal, error);
  if (pid > 0 && box_adopt (options->id, options->bundle, pid, container, error) == 0)
    return 0;
  tss_close (terminal);
  runtime_delete (options);
  return -1;
}

int
runtime_start (const struct shim_options *options, struct tss_error *error)
{
  return run_plain (options, "start", NULL, error);
}

/* All that the shim may pass on. */
static json_t *
list_capabilities (void)
{
  uint64_t all = box_capabilities_all ().permitted;
  json_t *names = json_array ();

  for (int number = 0; box_capability_name (number); number++)
    if (all & UINT64_C (1) << number)
      json_array_append_new (names, json_string (box_capability_name (number)));
  return names;
}

static json_t *
describe_process (const struct box_exec_options *exec)
{
  json_t *process = json_deep_copy (exec->process);

  if (process && exec->privileged)
    {
      tss_autojson json_t *names = list_capabilities ();

      json_object_set_new (process, "capabilities",
                           json_pack ("{s:O, s:O, s:O}", "bounding", names, "effective", names, "permitted", names));
    }
  return process;
}

static int
write_process (const struct call *call, const struct box_exec_options *exec, struct tss_error *error)
{
  tss_autojson json_t *process = describe_process (exec);
  tss_autofree char *text = process ? tss_json_format (process) : NULL;
  char path[PATH_MAX];

  if (file_path (call, PROCESS, path, error) < 0)
    return -1;
  if (!text || tss_replace_file_at (AT_FDCWD, path, text, strlen (text), 0600) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "write %s", path);
  return 0;
}

int
runtime_exec (const struct shim_options *options, const struct box_exec_options *exec, pid_t *pid, int *terminal,
              struct tss_error *error)
{
  bool has_terminal = json_is_true (json_object_get (exec->process, "terminal"));
  struct call call;

  if (begin (&call, options, "exec", error) < 0 || write_process (&call, exec, error) < 0)
    return -1;
  add (&call, "--detach");
  add (&call, "--process");
  add (&call, PROCESS);
  *pid = run_with_process (&call, options->id, has_terminal, exec->stdio, terminal, error);
  return *pid < 0 ? -1 : 0;
}

void
runtime_delete (const struct shim_options *options)
{
  run_plain (options, "delete", "--force", NULL); /* what it leaves is the business of box_destroy */
  runtime_bundle_unmount (options);
}
