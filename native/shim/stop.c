/* Ending the container on request: signal, grace, then SIGKILL to all of it. */
#include "stop.h"
#include "privileges.h"
#include "shim.h"
#include "supervise.h"

#include <signal.h>

static void
kill_all (struct shim *shim)
{
  PRIVILEGES_RAISED;

  loop_stop_timer (&shim->loop, &shim->stop.grace);
  if (shim->run.box && !shim->run.has_ended)
    box_kill_all (shim->run.box, NULL);
}

static void
on_grace_end (void *context)
{
  kill_all (context);
}

void
stop_init (struct shim *shim)
{
  shim->stop.grace = (struct loop_timer){ .function = on_grace_end, .context = shim };
}

static void
limit_grace (struct shim *shim, int64_t grace_ms)
{
  struct loop_timer *timer = &shim->stop.grace;

  if (grace_ms < 0 || (timer->active && timer->deadline_ms <= loop_now_ms () + (uint64_t)grace_ms))
    return;
  if (grace_ms == 0)
    kill_all (shim);
  else
    loop_start_timer (&shim->loop, timer, (uint64_t)grace_ms);
}

/* Signals the program of a running container. */
static void
begin (struct shim *shim, const struct stop_options *options)
{
  bool was_paused = shim->state.phase == PHASE_PAUSED;
  bool is_at_once = options->grace_ms == 0 || options->signal == SIGKILL;

  shim->state.phase = PHASE_STOPPING;
  /* The pid of a reaped process, whose output is still being read, may be another's by now. */
  if (!is_at_once && !shim->run.has_ended)
    kill (shim->state.pid, options->signal);
  limit_grace (shim, is_at_once ? 0 : options->grace_ms);
  /* Only a thawed process takes a signal. */
  if (was_paused)
    box_freeze (shim->run.box, false, NULL);
  shim_state_changed (shim, "stopping");
}

static void
request (struct shim *shim, const struct stop_options *options, bool restarts)
{
  shim->stop.restarts = restarts && (!shim->stop.is_requested || shim->stop.restarts);
  shim->stop.is_requested = true;
  switch (shim->state.phase)
    {
    case PHASE_CREATED:
      kill_all (shim); /* no program is there to hear a signal */
      break;
    case PHASE_RUNNING:
    case PHASE_PAUSED:
      begin (shim, options);
      break;
    case PHASE_STOPPING:
      limit_grace (shim, options->grace_ms);
      break;
    case PHASE_RESTARTING:
      /* A run whose program could not be started is on its way out. */
      if (shim->run.box)
        kill_all (shim);
      else
        supervise_end_backoff (shim);
      break;
    case PHASE_EXITED:
      break;
    }
}

void
stop_request (struct shim *shim, const struct stop_options *options)
{
  request (shim, options, false);
}

void
stop_and_restart (struct shim *shim, const struct stop_options *options)
{
  request (shim, options, true);
}
