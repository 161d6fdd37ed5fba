/* The restart policy: backoff and retry limits after the end of a run. */
#include "restart.h"

#include <stddef.h>

static bool
is_wanted (const struct restart_policy *policy, int exit_code)
{
  switch (policy->kind)
    {
    case RESTART_NO:
      return false;
    case RESTART_ALWAYS:
    case RESTART_UNLESS_STOPPED:
      return true;
    case RESTART_ON_FAILURE:
      return exit_code != 0;
    }
  return false;
}

static uint64_t
smaller (uint64_t first, uint64_t second)
{
  return first < second ? first : second;
}

struct restart_decision
restart_decide (const struct restart_policy *policy, struct restart_history *history, int exit_code, uint64_t run_ms)
{
  struct restart_decision decision = { .restart = is_wanted (policy, exit_code) };

  if (policy->window_ms > 0 && run_ms >= policy->window_ms)
    history->retries = 0;
  if (policy->max_retries > 0 && history->retries >= policy->max_retries)
    decision.restart = false;
  if (!decision.restart)
    return decision;
  if (run_ms >= policy->reset_after_ms || history->next_backoff_ms == 0)
    history->next_backoff_ms = policy->backoff_initial_ms;
  decision.delay_ms = smaller (history->next_backoff_ms, policy->backoff_cap_ms);
  history->next_backoff_ms = smaller (decision.delay_ms * 2, policy->backoff_cap_ms);
  history->retries++;
  return decision;
}
