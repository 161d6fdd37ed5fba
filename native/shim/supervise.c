/* The container's life from one run to the next. */
#include "supervise.h"
#include "clock.h"
#include "process-link.h"
#include "shim.h"

enum
{
  /* How soon to look again whether the log takes the output of a next run. */
  LOG_BLOCKED_MS = 250
};

static void
finish (struct shim *shim)
{
  static const struct tss_error stopped
      = { .code = TSS_ERROR_STATE, .message = "start: the container was stopped meanwhile" };
  const struct tss_error *error = shim->state.error.code == TSS_ERROR_NONE ? &stopped : &shim->state.error;

  shim->state.phase = PHASE_EXITED;
  shim_state_changed (shim, "exited");
  server_end_attachments (shim, &shim->state.current);
  server_answer (shim, WAIT_RUNNING, error);
  server_answer (shim, WAIT_END, NULL);
  shim_finish (shim);
}

static void
set_next_restart (struct state *state, uint64_t delay_ms)
{
  struct timespec when = clock_now ();
  uint64_t nanoseconds = (uint64_t)when.tv_nsec + delay_ms % 1000 * 1000000;

  when.tv_sec += (time_t)(delay_ms / 1000 + nanoseconds / 1000000000);
  when.tv_nsec = (long)(nanoseconds % 1000000000);
  state->next_restart_at = when;
}

static void
wait_for_restart (struct shim *shim, uint64_t delay_ms)
{
  shim->state.phase = PHASE_RESTARTING;
  set_next_restart (&shim->state, delay_ms);
  loop_start_timer (&shim->loop, &shim->backoff, delay_ms);
  shim_state_changed (shim, "restarting");
  server_end_attachments (shim, &shim->state.current);
}

/* Lets the program of a made container run. A failure is heard of again when the container's process has ended. */
static int
start_run (struct shim *shim, struct tss_error *error)
{
  shim->state.current.started_at = clock_now ();
  if (run_start (shim, error) < 0)
    {
      shim->state.current.started_at = (struct timespec){ 0 };
      shim->state.error = *error;
      return -1;
    }
  shim->state.phase = PHASE_RUNNING;
  shim_state_changed (shim, "started");
  server_answer (shim, WAIT_RUNNING, NULL);
  return 0;
}

static int
create_run (struct shim *shim, struct tss_error *error)
{
  shim->state.current = (struct run_record){ .exit_code = -1 };
  shim->state.error.code = TSS_ERROR_NONE;
  shim->state.next_restart_at = (struct timespec){ 0 };
  if (run_create (shim, error) < 0)
    return -1;
  state_set_process (&shim->state, box_pid (shim->run.box));
  process_link_set (shim->options.bundle, box_pid (shim->run.box));
  return 0;
}

/* A new run in place of an ended one. */
static void
run_again (struct shim *shim, bool is_asked_for)
{
  struct tss_error error = { 0 };

  shim->is_start_asked_for = is_asked_for;
  if (create_run (shim, &error) == 0)
    {
      start_run (shim, &error);
      return;
    }
  shim->state.error = error;
  shim->state.current.exit_code = run_exit_code_of (&error);
  shim->state.current.finished_at = clock_now ();
  supervise_run_ended (shim);
}

/* True when a new run is to begin by itself; the wait for it has begun then. */
static bool
follow_policy (struct shim *shim)
{
  uint64_t run_ms = shim->run.has_started ? loop_now_ms () - shim->run.began_ms : 0;
  struct restart_decision decision;

  /* A start that somebody asked for and that failed is an error to them and no reason to try for ever. */
  if (!shim->run.has_started && shim->is_start_asked_for)
    return false;
  decision = restart_decide (&shim->options.restart, &shim->restarts, shim->state.current.exit_code, run_ms);
  if (decision.restart)
    wait_for_restart (shim, decision.delay_ms);
  return decision.restart;
}

/* After a stop: the end, or what `restart` asks for. */
static void
follow_stop (struct shim *shim)
{
  bool restarts = shim->stop.restarts;

  shim->stop.is_requested = shim->stop.restarts = false;
  if (!restarts)
    {
      finish (shim);
      return;
    }
  server_end_attachments (shim, &shim->state.current);
  shim->restarts = (struct restart_history){ 0 };
  run_again (shim, true);
}

void
supervise_run_ended (struct shim *shim)
{
  loop_stop_timer (&shim->loop, &shim->stop.grace);
  process_link_remove (shim->options.bundle);
  state_end_run (&shim->state);
  if (shim->state.current.oom_killed)
    server_send_event (shim, "oom");
  if (shim->stop.is_requested)
    follow_stop (shim);
  else if (!follow_policy (shim))
    finish (shim);
}

static void
on_backoff_end (void *context)
{
  struct shim *shim = context;

  /* What the ended runs could not write is in memory; a crashing loop must not fill that. */
  if (log_is_full (&shim->log))
    {
      loop_start_timer (&shim->loop, &shim->backoff, LOG_BLOCKED_MS);
      return;
    }
  shim->state.restart_count++;
  run_again (shim, false);
}

void
supervise_init (struct shim *shim)
{
  shim->backoff = (struct loop_timer){ .function = on_backoff_end, .context = shim };
}

void
supervise_end_backoff (struct shim *shim)
{
  loop_stop_timer (&shim->loop, &shim->backoff);
  shim->state.next_restart_at = (struct timespec){ 0 };
  follow_stop (shim);
}

int
supervise_create (struct shim *shim, struct tss_error *error)
{
  shim->is_start_asked_for = true;
  if (create_run (shim, error) < 0)
    return -1;
  shim->state.phase = PHASE_CREATED;
  shim->state.created_at = clock_now ();
  return state_write (&shim->state, shim->options.state_file, error);
}

int
supervise_start (struct shim *shim, struct tss_error *error)
{
  if (shim->state.phase != PHASE_CREATED || shim->run.has_ended || shim->run.start_error.code != TSS_ERROR_NONE)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "start: the container is not in the phase created");
  return start_run (shim, error);
}

int
supervise_set_paused (struct shim *shim, bool paused, struct tss_error *error)
{
  if (shim->state.phase != (paused ? PHASE_RUNNING : PHASE_PAUSED))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "%s",
                          paused ? "pause: the container is not running" : "resume: the container is not paused");
  if (box_freeze (shim->run.box, paused, error) < 0)
    return -1;
  shim->state.phase = paused ? PHASE_PAUSED : PHASE_RUNNING;
  shim_state_changed (shim, paused ? "paused" : "resumed");
  return 0;
}
