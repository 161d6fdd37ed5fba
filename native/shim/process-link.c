/* The link to the container's first process. */
#include "process-link.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool
make_name (char name[PATH_MAX], const char *bundle, const char *file)
{
  return (size_t)snprintf (name, PATH_MAX, "%s/%s", bundle, file) < PATH_MAX;
}

void
process_link_set (const char *bundle, pid_t pid)
{
  char target[32], path[PATH_MAX], new_path[PATH_MAX];

  if (!make_name (path, bundle, "process") || !make_name (new_path, bundle, "process.new"))
    return;
  snprintf (target, sizeof target, "/proc/%d", pid);
  unlink (new_path); /* of a shim that was killed here */
  if (symlink (target, new_path) < 0 || rename (new_path, path) < 0)
    fprintf (stderr, "tsstack-shim: make %s: %m\n", path);
}

void
process_link_remove (const char *bundle)
{
  char path[PATH_MAX];

  if (make_name (path, bundle, "process"))
    unlink (path);
}
