#include "../common/file.h"
#include "shim.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const phase_names[] = { "created", "running", "paused", "restarting", "stopping", "exited" };

void
state_now (char text[TIME_SIZE])
{
  struct timespec now;
  struct tm parts;
  char seconds[32];
  clock_gettime (CLOCK_REALTIME, &now);
  gmtime_r (&now.tv_sec, &parts);
  strftime (seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf (text, TIME_SIZE, "%s.%09ldZ", seconds, now.tv_nsec);
}

static json_t *
text_or_null (const char *text)
{
  return text[0] == '\0' ? json_null () : json_string (text);
}

static json_t *
signal_or_null (int number)
{
  return number == 0 ? json_null () : json_integer (number);
}

static json_t *
run_to_json (const struct run *run)
{
  return json_pack ("{s:o, s:o, s:i, s:o, s:b}", "startedAt", text_or_null (run->started_at), "finishedAt",
                    text_or_null (run->finished_at), "exitCode", run->exit_code, "signal", signal_or_null (run->signal),
                    "oomKilled", run->oom_killed);
}

json_t *
state_to_json (const struct shim *shim)
{
  const struct state *state = &shim->state;
  json_t *runs = json_array ();
  for (unsigned i = 0; i < state->run_count; i++)
    json_array_append_new (runs, run_to_json (&state->runs[i]));
  return json_pack (
      "{s:i, s:s, s:I, s:s, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:o, s:o, s:o}", "version", 1, "id",
      shim->config.id, "seq", (json_int_t)state->seq, "phase", phase_names[state->phase], "pid",
      state->pid > 0 ? json_integer (state->pid) : json_null (), "pidStartTime",
      state->pid > 0 ? json_integer ((json_int_t)state->pid_start_time) : json_null (), "shimPid", (int)getpid (),
      "createdAt", text_or_null (state->created_at), "startedAt", text_or_null (state->run.started_at), "finishedAt",
      text_or_null (state->run.finished_at), "exitCode",
      state->has_exited ? json_integer (state->run.exit_code) : json_null (), "signal",
      signal_or_null (state->has_exited ? state->run.signal : 0), "oomKilled", state->run.oom_killed, "restartCount",
      (json_int_t)state->restart_count, "nextRestartAt", text_or_null (state->next_restart_at), "error",
      state->error.code == TSS_ERROR_NONE ? json_null () : tss_error_to_json (&state->error), "runs", runs);
}

int
state_write (struct shim *shim)
{
  shim->state.seq++;
  json_t *document = state_to_json (shim);
  char *text = json_dumps (document, JSON_COMPACT);
  json_decref (document);
  if (text == NULL)
    return -1;
  int result = tss_replace_file_at (AT_FDCWD, shim->config.state_file, text, strlen (text), 0600);
  free (text);
  return result;
}
