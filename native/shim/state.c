/* What the shim knows about its container, as object, file and history. */
#include "state.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "clock.h"
#include "signal-names.h"
#include "state-file.h"

#include <fcntl.h>
#include <string.h>

static const char *
phase_name (enum phase phase)
{
  static const char *const names[] = {
    [PHASE_CREATED] = "created",       [PHASE_RUNNING] = "running",   [PHASE_PAUSED] = "paused",
    [PHASE_RESTARTING] = "restarting", [PHASE_STOPPING] = "stopping", [PHASE_EXITED] = "exited",
  };

  return names[phase];
}

static void
set_time (json_t *object, const char *key, struct timespec when)
{
  char text[CLOCK_TEXT_LENGTH + 1];

  if (when.tv_sec == 0)
    {
      json_object_set_new (object, key, json_null ());
      return;
    }
  clock_format (when, text);
  json_object_set_new (object, key, json_string (text));
}

static json_t *
number_or_null (int64_t number, bool is_known)
{
  return is_known ? json_integer (number) : json_null ();
}

json_t *
state_signal_to_json (int signal)
{
  char name[16];

  if (signal == 0)
    return json_null ();
  signal_names_format (signal, name, sizeof name);
  return json_string (name);
}

static void
set_run (json_t *object, const struct run_record *run)
{
  set_time (object, "startedAt", run->started_at);
  set_time (object, "finishedAt", run->finished_at);
  json_object_set_new (object, "exitCode", number_or_null (run->exit_code, run->exit_code >= 0));
  json_object_set_new (object, "signal", state_signal_to_json (run->signal));
  json_object_set_new (object, "oomKilled", json_boolean (run->oom_killed));
}

static json_t *
runs_to_json (const struct state *state)
{
  json_t *array = json_array ();
  size_t first = state->run_count > STATE_RUNS_KEPT ? state->run_count - STATE_RUNS_KEPT : 0;

  for (size_t i = first; i < state->run_count; i++)
    {
      json_t *object = json_object ();

      set_run (object, &state->runs[i % STATE_RUNS_KEPT]);
      json_array_append_new (array, object);
    }
  return array;
}

json_t *
state_to_json (const struct state *state)
{
  json_t *object = json_pack ("{s:i, s:s, s:I, s:s}", "version", 2, "id", state->id, "seq", (json_int_t)state->seq,
                              "phase", phase_name (state->phase));

  json_object_set_new (object, "pid", number_or_null (state->pid, state->pid > 0));
  json_object_set_new (object, "pidStartTime", number_or_null ((int64_t)state->pid_start_time, state->pid > 0));
  json_object_set_new (object, "shimPid", json_integer (getpid ()));
  json_object_set_new (object, "shimStartTime", json_integer ((json_int_t)state->shim_start_time));
  set_time (object, "createdAt", state->created_at);
  set_run (object, &state->current);
  json_object_set_new (object, "restartCount", json_integer ((json_int_t)state->restart_count));
  set_time (object, "nextRestartAt", state->next_restart_at);
  json_object_set_new (object, "error",
                       state->error.code == TSS_ERROR_NONE ? json_null () : tss_error_to_json (&state->error));
  json_object_set_new (object, "droppedLogLines",
                       json_integer (state->overflow ? (json_int_t)state->overflow->lines : 0));
  json_object_set_new (object, "runs", runs_to_json (state));
  return object;
}

int
state_write (struct state *state, const char *path, struct tss_error *error)
{
  tss_autojson json_t *object = NULL;

  state->seq++;
  object = state_to_json (state);
  return state_file_write (object, path, error);
}

/* Field 22 of /proc/PID/stat: with the pid it names a process for good, though pids are used again. */
static uint64_t
read_start_time (pid_t pid)
{
  char path[32], text[1024], *field;
  unsigned long long start_time = 0;

  snprintf (path, sizeof path, "/proc/%d/stat", pid);
  if (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) < 0)
    return 0;
  field = strrchr (text, ')'); /* end of field 2, which may itself hold spaces */
  for (int i = 2; field && i < 22; i++)
    field = strchr (field + 1, ' ');
  if (field)
    start_time = strtoull (field, NULL, 10);
  return start_time;
}

void
state_init (struct state *state, const char *id)
{
  state->id = id;
  state->shim_start_time = read_start_time (getpid ());
}

void
state_set_process (struct state *state, pid_t pid)
{
  state->pid = pid;
  state->pid_start_time = read_start_time (pid);
}

void
state_end_run (struct state *state)
{
  state->runs[state->run_count % STATE_RUNS_KEPT] = state->current;
  state->run_count++;
  state->pid = 0;
}
