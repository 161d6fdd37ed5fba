/* The requests of the shim's socket: finding the one that is asked for, and the simple ones. */
#include "requests.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "privileges.h"
#include "request-process.h"
#include "shim.h"
#include "stdio-pipes.h"
#include "supervise.h"

#include <signal.h>
#include <string.h>

static json_int_t
sequence (const json_t *request)
{
  return json_integer_value (json_object_get (request, "seq"));
}

static int
reply_state (struct client *client, const json_t *request, struct tss_error *error)
{
  (void)error;
  client_reply (client, sequence (request), "state", state_to_json (&client->shim->state));
  return 0;
}

static int
subscribe (struct client *client, const json_t *request, struct tss_error *error)
{
  client->is_subscribed = true;
  return reply_state (client, request, error);
}

static int
start (struct client *client, const json_t *request, struct tss_error *error)
{
  struct tss_error start_error;

  if (supervise_start (client->shim, &start_error) == 0)
    return reply_state (client, request, error);
  if (client->shim->run.start_error.code == TSS_ERROR_NONE)
    {
      *error = start_error;
      return -1;
    }
  /* The answer comes when the phase is `exited`. */
  client_wait (client, WAIT_RUNNING, sequence (request));
  return 0;
}

static int
read_stop (const struct client *client, const json_t *request, struct stop_options *stop, struct tss_error *error)
{
  *stop = client->shim->options.stop;
  return options_read_stop (request, stop, error);
}

static int
stop (struct client *client, const json_t *request, struct tss_error *error)
{
  struct stop_options options;

  if (read_stop (client, request, &options, error) < 0)
    return -1;
  client_wait (client, WAIT_END, sequence (request));
  stop_request (client->shim, &options);
  return 0;
}

static int
kill_all (struct client *client, const json_t *request, struct tss_error *error)
{
  static const struct stop_options at_once = { .signal = SIGKILL, .grace_ms = 0 };

  (void)error;
  client_wait (client, WAIT_END, sequence (request));
  stop_request (client->shim, &at_once);
  return 0;
}

static int
restart (struct client *client, const json_t *request, struct tss_error *error)
{
  struct stop_options options;

  if (client->shim->state.phase == PHASE_CREATED)
    return start (client, request, error);
  if (read_stop (client, request, &options, error) < 0)
    return -1;
  client_wait (client, WAIT_RUNNING, sequence (request));
  stop_and_restart (client->shim, &options);
  return 0;
}

static int
need_program (const struct client *client, struct tss_error *error)
{
  const struct run *run = &client->shim->run;

  if (run->box && run->has_started && !run->has_ended)
    return 0;
  return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container is not running");
}

static int
signal_program (struct shim *shim, int signal, struct tss_error *error)
{
  PRIVILEGES_RAISED;

  return box_signal (shim->run.box, signal, error);
}

static int
send_signal (struct client *client, const json_t *request, struct tss_error *error)
{
  int signal = 0;

  if (need_program (client, error) < 0
      || options_read_signal (json_object_get (request, "signal"), "signal", &signal, error) < 0)
    return -1;
  if (signal_program (client->shim, signal, error) < 0)
    return -1;
  /* Only a thawed process dies. */
  if (signal == SIGKILL && client->shim->state.phase == PHASE_PAUSED
      && supervise_set_paused (client->shim, false, error) < 0)
    return -1;
  client_reply (client, sequence (request), NULL, NULL);
  return 0;
}

static int
set_paused (struct client *client, const json_t *request, bool paused, struct tss_error *error)
{
  if (supervise_set_paused (client->shim, paused, error) < 0)
    return -1;
  client_reply (client, sequence (request), NULL, NULL);
  return 0;
}

static int
pause_container (struct client *client, const json_t *request, struct tss_error *error)
{
  return set_paused (client, request, true, error);
}

static int
resume_container (struct client *client, const json_t *request, struct tss_error *error)
{
  return set_paused (client, request, false, error);
}

static int
stats (struct client *client, const json_t *request, struct tss_error *error)
{
  struct box_stats values = { 0 };

  if (need_program (client, error) < 0 || box_read_stats (client->shim->run.box, &values, error) < 0)
    return -1;
  client_reply (client, sequence (request), "stats",
                json_pack ("{s:I, s:I, s:I, s:I, s:I, s:I}", "cpuUsageNs", (json_int_t)values.cpu_usage_ns,
                           "memoryBytes", (json_int_t)values.memory_bytes, "memoryLimitBytes",
                           (json_int_t)values.memory_limit_bytes, "pids", (json_int_t)values.pids, "blkReadBytes",
                           (json_int_t)values.block_read_bytes, "blkWriteBytes", (json_int_t)values.block_write_bytes));
  return 0;
}

static int
pids (struct client *client, const json_t *request, struct tss_error *error)
{
  tss_autofree pid_t *list = NULL;
  ssize_t count;
  json_t *array;

  if (need_program (client, error) < 0 || (count = box_pids (client->shim->run.box, &list, error)) < 0)
    return -1;
  array = json_array ();
  for (ssize_t i = 0; i < count; i++)
    json_array_append_new (array, json_integer (list[i]));
  client_reply (client, sequence (request), "pids", array);
  return 0;
}

static int
update_resources (const struct client *client, const json_t *resources, struct tss_error *error)
{
  PRIVILEGES_RAISED;

  return need_program (client, error) < 0 ? -1 : box_update (client->shim->run.box, resources, error);
}

static int
update (struct client *client, const json_t *request, struct tss_error *error)
{
  struct shim_options *options = &client->shim->options;
  struct restart_policy policy = options->restart;
  struct stop_options stop_options = options->stop;
  const json_t *resources = NULL, *restart_object = NULL, *stop_object = NULL;

  if (tss_json_get_object (request, "restart", "", &restart_object, error) < 0
      || tss_json_get_object (request, "stop", "", &stop_object, error) < 0
      || tss_json_get_object (request, "resources", "", &resources, error) < 0
      || options_read_restart (restart_object, &policy, error) < 0
      || options_read_stop (stop_object, &stop_options, error) < 0)
    return -1;
  if (resources && update_resources (client, resources, error) < 0)
    return -1;
  options->restart = policy;
  options->stop = stop_options;
  client_reply (client, sequence (request), NULL, NULL);
  return 0;
}

struct operation
{
  const char *name;
  /* Answers, now or later; or returns -1 with an error that is the answer. */
  int (*function) (struct client *client, const json_t *request, struct tss_error *error);
  bool serves_sessions; /* also on a connection that an exec has taken */
};

static const struct operation operations[] = {
  { .name = "state", .function = reply_state },
  { .name = "subscribe", .function = subscribe },
  { .name = "start", .function = start },
  { .name = "stop", .function = stop },
  { .name = "signal", .function = send_signal },
  { .name = "kill", .function = kill_all },
  { .name = "restart", .function = restart },
  { .name = "pause", .function = pause_container },
  { .name = "resume", .function = resume_container },
  { .name = "resize", .function = request_resize, .serves_sessions = true },
  { .name = "stats", .function = stats },
  { .name = "pids", .function = pids },
  { .name = "update", .function = update },
  { .name = "attach", .function = request_attach },
  { .name = "exec", .function = request_exec },
};

static int
dispatch (struct client *client, const json_t *request, struct tss_error *error)
{
  const char *name = NULL;

  if (!json_is_object (request))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "a request is a JSON object");
  if (tss_json_need_string (request, "op", "", &name, error) < 0)
    return -1;
  for (size_t i = 0; i < TSS_LENGTH (operations); i++)
    {
      if (strcmp (name, operations[i].name) != 0)
        continue;
      if (client->session && !operations[i].serves_sessions)
        return tss_error_set (error, TSS_ERROR_STATE, 0, "op", "%s: this connection serves an exec", name);
      return operations[i].function (client, request, error);
    }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "op", "op: there is no request %s", name);
}

void
requests_handle (struct client *client, const char *payload, size_t length)
{
  tss_autojson json_t *request = json_loadb (payload, length, JSON_REJECT_DUPLICATES, NULL);
  struct tss_error error = { 0 };

  if (dispatch (client, request, &error) < 0)
    client_reply_error (client, sequence (request), &error);
}
