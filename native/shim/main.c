/* tsstack-shim: the parent of one container. `--config shim.json` holds a container, `--launcher` starts shims.
 * docs/native.md, sections 1 to 5. */
#include "../common/sealed-exec.h"
#include "launcher.h"
#include "ready.h"
#include "shim.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Nobody reads the standard error of what a launcher has started. */
static int
fail (int ready, const struct tss_error *error)
{
  fprintf (stderr, "tsstack-shim: %s\n", error->message);
  ready_report (&ready, "error", tss_error_to_json (error));
  return 1;
}

int
main (int argc, char **argv)
{
  struct tss_error error = { 0 };
  bool holds_container = argc == 3 && strcmp (argv[1], "--config") == 0;
  bool is_sealed = tss_reexec_sealed (argv, &error) == 0;
  int ready = -1;

  if ((holds_container && ready_take_descriptor (&ready, is_sealed ? &error : NULL) < 0) || !is_sealed)
    return fail (ready, &error);
  if (holds_container)
    return shim_run (argv[2], ready);
  if (argc == 2 && strcmp (argv[1], "--launcher") == 0)
    return launcher_run ();
  fprintf (stderr, "usage: tsstack-shim --launcher | --config shim.json\n");
  return 2;
}
