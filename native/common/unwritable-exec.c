/* Keeps the program's own file out of reach of the containers it makes, without a copy of it. */
#include "unwritable-exec.h"
#include "sealed-exec.h"
#include "unwritable-view.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The mark alone could be inherited by accident. */
static bool
is_unwritable (void)
{
  struct statfs status;
  bool marked = getenv (TSS_UNWRITABLE_MARK) != NULL;

  unsetenv (TSS_UNWRITABLE_MARK);
  return marked && statfs ("/proc/self/exe", &status) == 0 && status.f_type == OVERLAYFS_SUPER_MAGIC
         && status.f_flags & ST_RDONLY;
}

int
tss_reexec_unwritable (char *const arguments[], struct tss_error *error)
{
  if (is_unwritable ())
    return 0;
  if (setenv (TSS_UNWRITABLE_MARK, "1", 1) == 0)
    tss_exec_unwritable_view (arguments, environ);
  unsetenv (TSS_UNWRITABLE_MARK);
  return tss_reexec_sealed (arguments, error);
}
