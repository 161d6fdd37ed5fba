/* The restart policy: a pure decision after the end of a run, so that it can be tested without containers. */
#ifndef TSSTACK_SHIM_RESTART_H
#define TSSTACK_SHIM_RESTART_H

#include <stdbool.h>
#include <stdint.h>

enum restart_kind
{
  RESTART_NO,
  RESTART_ALWAYS,
  RESTART_UNLESS_STOPPED, /* as always; whether a stopped one comes back after a boot is the agent's business */
  RESTART_ON_FAILURE,
};

struct restart_policy
{
  enum restart_kind kind;
  uint64_t max_retries; /* 0 = unlimited */
  uint64_t backoff_initial_ms, backoff_cap_ms, reset_after_ms;
  uint64_t window_ms; /* a run of at least this was no failed try; 0: all count */
};

/* What earlier decisions have used up. All zero for a container that has not been restarted yet. */
struct restart_history
{
  uint64_t retries;
  uint64_t next_backoff_ms; /* 0: the initial one */
};

struct restart_decision
{
  bool restart;
  uint64_t delay_ms;
};

/* Decides after a run of RUN_MS that ended with EXIT_CODE, and counts a restart in HISTORY. */
struct restart_decision restart_decide (const struct restart_policy *policy, struct restart_history *history,
                                        int exit_code, uint64_t run_ms);

#endif
