/* What several targets need. */
#include "fuzz.h"

#include <stdlib.h>

void
fuzz_make_directory (char directory[PATH_MAX])
{
  const char *parent = getenv ("TMPDIR");

  FUZZ_REQUIRE (snprintf (directory, PATH_MAX, "%s/tsstack-fuzz-XXXXXX", parent ? parent : "/tmp") < PATH_MAX);
  FUZZ_REQUIRE (mkdtemp (directory));
}

static void
stop_loop (void *context)
{
  loop_stop (context);
}

void
fuzz_run_once (struct loop *loop)
{
  struct loop_timer end = { .function = stop_loop, .context = loop };

  loop->stopping = false;
  loop_start_timer (loop, &end, 0);
  loop_run (loop, NULL);
  loop_stop_timer (loop, &end);
}
