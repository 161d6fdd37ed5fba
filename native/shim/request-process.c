/* The requests that concern a process's stdio: attach, exec, resize. */
#include "request-process.h"
#include "../common/json.h"
#include "shim.h"
#include "stdio-pipes.h"

#include <limits.h>

int
request_attach (struct client *client, const json_t *request, struct tss_error *error)
{
  bool input = false, output = true, waits = false;

  if (tss_json_get_bool (request, "stdin", "", &input, error) < 0
      || tss_json_get_bool (request, "output", "", &output, error) < 0
      || tss_json_get_bool (request, "wait", "", &waits, error) < 0)
    return -1;
  if (input && !client->shim->options.has_stdin)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "stdin", "attach: the container's standard input is not open");
  client_tell_missed (client); /* of a former attachment: what comes now is not to be dropped for it */
  client_reply (client, json_integer_value (json_object_get (request, "seq")), NULL, NULL);
  client->gives_input = input;
  client->gets_output = output;
  client->is_waited_for = waits;
  client->was_attached = true;
  /* It may have been waited for until now, with much unread. */
  run_resume_output (client->shim);
  return 0;
}

static int
read_exec (const json_t *request, struct session_options *options, struct tss_error *error)
{
  *options = (struct session_options){ .timeout_ms = -1 };
  if (tss_json_get_object (request, "process", "", &options->process, error) < 0
      || tss_json_get_bool (request, "stdin", "", &options->has_stdin, error) < 0
      || tss_json_get_bool (request, "detach", "", &options->is_detached, error) < 0
      || tss_json_get_bool (request, "privileged", "", &options->is_privileged, error) < 0
      || tss_json_get_int64 (request, "timeoutMs", "", &options->timeout_ms, error) < 0)
    return -1;
  if (!options->process)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process", "process: expected an object");
  if (options->timeout_ms < -1 || options->timeout_ms > (int64_t)SHIM_LONGEST_MS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "timeoutMs", "timeoutMs: out of range");
  return 0;
}

int
request_exec (struct client *client, const json_t *request, struct tss_error *error)
{
  const enum phase phase = client->shim->state.phase;
  struct session_options options;
  pid_t pid;

  if (read_exec (request, &options, error) < 0)
    return -1;
  if (client->gets_output || client->gives_input)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "op", "exec: this connection is attached to the container");
  /* Also in the grace of a stop: whoever wants to look at what does not end. */
  if ((phase != PHASE_RUNNING && phase != PHASE_STOPPING) || client->shim->run.has_ended)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "exec: the container is not running");
  pid = session_open (client, &options, error);
  if (pid < 0)
    return -1;
  client_reply (client, json_integer_value (json_object_get (request, "seq")), "pid", json_integer (pid));
  return 0;
}

int
request_resize (struct client *client, const json_t *request, struct tss_error *error)
{
  uint64_t rows = 0, columns = 0;
  const struct run *run = &client->shim->run;
  int result;

  if (tss_json_get_uint (request, "rows", "", USHRT_MAX, &rows, error) < 0
      || tss_json_get_uint (request, "columns", "", USHRT_MAX, &columns, error) < 0)
    return -1;
  if (client->session)
    result = session_resize (client->session, (unsigned short)rows, (unsigned short)columns, error);
  else if (!run->is_terminal || !pump_is_open (&run->outputs[0]))
    result = tss_error_set (error, TSS_ERROR_STATE, 0, "", "resize: the container has no terminal");
  else
    result = stdio_pipes_resize (run->outputs[0].watch.fd, (unsigned short)rows, (unsigned short)columns, error);
  if (result == 0)
    client_reply (client, json_integer_value (json_object_get (request, "seq")), NULL, NULL);
  return result;
}
