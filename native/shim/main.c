/* tsstack-shim: the parent of one container. `--config shim.json` holds a container, `--launcher` starts shims.
 * docs/native.md, sections 1 to 5. */
#include "../common/sealed-exec.h"
#include "launcher.h"
#include "ready.h"
#include "shim.h"

#include <stdio.h>
#include <string.h>

int
main (int argc, char **argv)
{
  struct tss_error error = { 0 };

  if (tss_reexec_sealed (argv, &error) < 0)
    {
      fprintf (stderr, "tsstack-shim: %s\n", error.message);
      return 1;
    }
  if (argc == 2 && strcmp (argv[1], "--launcher") == 0)
    return launcher_run ();
  if (argc == 3 && strcmp (argv[1], "--config") == 0)
    return shim_run (argv[2], ready_take_descriptor ());
  fprintf (stderr, "usage: tsstack-shim --launcher | --config shim.json\n");
  return 2;
}
