#include "shim.h"

/* Backoff doubles from the initial value to the cap and starts again after a run that lasted (docs/native.md, section
 * 2). */
int64_t
restart_delay (const struct restart_config *restart, int exit_code, uint64_t restarts_so_far, uint64_t run_ms,
               uint64_t *next_backoff_ms)
{
  if (restart->policy == RESTART_NO || (restart->policy == RESTART_ON_FAILURE && exit_code == 0))
    return -1;
  if (restart->policy == RESTART_ON_FAILURE && restart->max_retries > 0 && restarts_so_far >= restart->max_retries)
    return -1;
  if (run_ms >= restart->reset_after_ms || *next_backoff_ms == 0)
    *next_backoff_ms = restart->backoff_initial_ms;
  uint64_t delay = *next_backoff_ms < restart->backoff_cap_ms ? *next_backoff_ms : restart->backoff_cap_ms;
  *next_backoff_ms = delay * 2;
  return (int64_t)delay;
}
