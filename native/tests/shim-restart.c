/* The restart policy: who is restarted, when, how often. */
#include "../shim/restart.h"
#include "check.h"

static struct restart_policy
make_policy (enum restart_kind kind)
{
  return (struct restart_policy){
    .kind = kind, .backoff_initial_ms = 100, .backoff_cap_ms = 60000, .reset_after_ms = 10000
  };
}

static bool
is_restarted (enum restart_kind kind, int exit_code)
{
  struct restart_policy policy = make_policy (kind);
  struct restart_history history = { 0 };

  return restart_decide (&policy, &history, exit_code, 1).restart;
}

static void
test_kinds (void)
{
  CHECK (!is_restarted (RESTART_NO, 0) && !is_restarted (RESTART_NO, 1));
  CHECK (is_restarted (RESTART_ALWAYS, 0) && is_restarted (RESTART_ALWAYS, 137));
  CHECK (is_restarted (RESTART_UNLESS_STOPPED, 0) && is_restarted (RESTART_UNLESS_STOPPED, 1));
  CHECK (!is_restarted (RESTART_ON_FAILURE, 0) && is_restarted (RESTART_ON_FAILURE, 1));
}

static void
test_backoff (void)
{
  static const uint64_t expected[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000, 60000 };
  struct restart_policy policy = make_policy (RESTART_ALWAYS);
  struct restart_history history = { 0 };

  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    CHECK (restart_decide (&policy, &history, 1, 9999).delay_ms == expected[i]);
  /* A run that has lasted begins it anew. */
  CHECK (restart_decide (&policy, &history, 1, 10000).delay_ms == 100);
  CHECK (restart_decide (&policy, &history, 1, 0).delay_ms == 200);
}

static void
test_odd_settings (void)
{
  struct restart_policy policy = make_policy (RESTART_ALWAYS);
  struct restart_history history = { 0 };

  policy.backoff_initial_ms = 5000;
  policy.backoff_cap_ms = 1000;
  CHECK (restart_decide (&policy, &history, 1, 0).delay_ms == 1000);
  policy.backoff_initial_ms = policy.backoff_cap_ms = 0;
  history = (struct restart_history){ 0 };
  CHECK (restart_decide (&policy, &history, 1, 0).delay_ms == 0);
  CHECK (restart_decide (&policy, &history, 1, 0).restart);
}

static void
test_retries (void)
{
  struct restart_policy policy = make_policy (RESTART_ON_FAILURE);
  struct restart_history history = { 0 };

  policy.max_retries = 2;
  CHECK (restart_decide (&policy, &history, 1, 20000).restart);
  CHECK (restart_decide (&policy, &history, 1, 20000).restart);
  CHECK (!restart_decide (&policy, &history, 1, 20000).restart);
  policy.kind = RESTART_ALWAYS;
  CHECK (!restart_decide (&policy, &history, 0, 20000).restart);
  /* What has lasted for the window was no failed try. */
  policy.window_ms = 5000;
  CHECK (!restart_decide (&policy, &history, 1, 4999).restart);
  CHECK (restart_decide (&policy, &history, 1, 5000).restart);
  CHECK (restart_decide (&policy, &history, 1, 0).restart);
  CHECK (!restart_decide (&policy, &history, 1, 0).restart);
}

int
main (void)
{
  test_kinds ();
  test_backoff ();
  test_odd_settings ();
  test_retries ();
  return check_finish ("shim-restart");
}
