/* The restart policy of tsstack-shim: who is restarted, and after which wait. */
#include "../shim/restart.h"
#include "check.h"

#include <stddef.h>

struct end
{
  int exit_code;
  uint64_t run_ms;
  int64_t delay_ms; /* -1: no restart */
};

struct scenario
{
  struct restart_policy policy;
  struct end ends[8];
  size_t count;
};

#define WAITS .backoff_initial_ms = 100, .backoff_cap_ms = 1000, .reset_after_ms = 10000

static const struct scenario scenarios[] = {
  { .policy = { .kind = RESTART_NO, WAITS }, .ends = { { 0, 5, -1 }, { 1, 5, -1 } }, .count = 2 },
  { .policy = { .kind = RESTART_ALWAYS, WAITS },
    .ends = { { 0, 5, 100 }, { 1, 5, 200 }, { 137, 5, 400 }, { 0, 5, 800 }, { 0, 5, 1000 }, { 0, 5, 1000 } },
    .count = 6 },
  /* One millisecond less than enough does not forgive. */
  { .policy = { .kind = RESTART_UNLESS_STOPPED, WAITS },
    .ends = { { 1, 0, 100 }, { 1, 9999, 200 }, { 1, 10000, 100 }, { 1, 3, 200 } },
    .count = 4 },
  { .policy = { .kind = RESTART_ON_FAILURE, WAITS },
    .ends = { { 1, 0, 100 }, { 0, 0, -1 }, { 255, 0, 200 } },
    .count = 3 },
  /* A long run forgives the wait, not the number of tries. */
  { .policy = { .kind = RESTART_ON_FAILURE, .max_retries = 3, WAITS },
    .ends = { { 1, 0, 100 }, { 1, 20000, 100 }, { 1, 0, 200 }, { 1, 20000, -1 } },
    .count = 4 },
  /* The number of tries counts with on-failure only. */
  { .policy = { .kind = RESTART_ALWAYS, .max_retries = 1, WAITS },
    .ends = { { 1, 0, 100 }, { 1, 0, 200 }, { 1, 0, 400 } },
    .count = 3 },
  /* A first wait beyond the cap, and none at all. */
  { .policy = { .kind = RESTART_ALWAYS, .backoff_initial_ms = 500, .backoff_cap_ms = 300, .reset_after_ms = 1 },
    .ends = { { 1, 0, 300 }, { 1, 0, 300 } },
    .count = 2 },
  { .policy = { .kind = RESTART_ALWAYS, .backoff_initial_ms = 0, .backoff_cap_ms = 300, .reset_after_ms = 1000 },
    .ends = { { 1, 0, 0 }, { 1, 0, 0 } },
    .count = 2 },
};

static void
test_scenario (size_t number)
{
  const struct scenario *scenario = &scenarios[number];
  struct restart_history history = { 0 };

  for (size_t i = 0; i < scenario->count; i++)
    {
      const struct end *end = &scenario->ends[i];
      struct restart_decision decision = restart_decide (&scenario->policy, &history, end->exit_code, end->run_ms);
      int64_t delay_ms = decision.restart ? (int64_t)decision.delay_ms : -1;

      if (delay_ms != end->delay_ms)
        fprintf (stderr, "scenario %zu, end %zu: %lld\n", number, i, (long long)delay_ms);
      CHECK (delay_ms == end->delay_ms);
    }
}

/* A year of crashes must not overflow the wait. */
static void
test_many_ends (void)
{
  const struct restart_policy policy = { .kind = RESTART_ALWAYS, .backoff_initial_ms = 1, .backoff_cap_ms = 60000 };
  struct restart_history history = { 0 };
  uint64_t largest = 0;

  for (int i = 0; i < 600000; i++)
    {
      uint64_t delay_ms = restart_decide (&policy, &history, 1, i % 2).delay_ms;

      largest = delay_ms > largest ? delay_ms : largest;
    }
  CHECK (largest <= 60000);
  CHECK (history.retries == 600000);
}

int
main (void)
{
  for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
    test_scenario (i);
  test_many_ends ();
  return check_finish ("shim-restart");
}
