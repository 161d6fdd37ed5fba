/* Keeps the program's own file out of reach of the containers it makes, without a copy of it. */
#include "unwritable-exec.h"
#include "cleanup.h"
#include "sealed-exec.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/* Says so to the program that follows, and to nobody after it. */
static const char mark[] = "TSSTACK_BOX_UNWRITABLE";

/* The mark alone could be inherited by accident. */
static bool
is_unwritable (void)
{
  struct statfs status;
  bool marked = getenv (mark) != NULL;

  unsetenv (mark);
  return marked && statfs ("/proc/self/exe", &status) == 0 && status.f_type == OVERLAYFS_SUPER_MAGIC
         && status.f_flags & ST_RDONLY;
}

/* An overlay without a directory for what is written, which nobody can give it later. It is attached nowhere, and gone
 * with the last process that runs from it. */
static int
make_overlay (const char *directory)
{
  /* Without a directory for what is written there have to be two others: this one is everywhere, has no mounts below it
   * and does not hold programs. */
  static const char other[] = "/sys/kernel/mm";
  tss_autofd int context = -1;
  char lower[PATH_MAX + sizeof other];

  /* In the option these would mean something else. The kernel's log has a line for an overlay that it cannot make. */
  if (strpbrk (directory, ":,\\") || access (other, F_OK) < 0)
    return -1;
  snprintf (lower, sizeof lower, "%s:%s", directory, other);
  context = fsopen ("overlay", FSOPEN_CLOEXEC);
  if (context < 0 || fsconfig (context, FSCONFIG_SET_STRING, "lowerdir", lower, 0) < 0
      || fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return -1;
  return fsmount (context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
}

/* An overlay shows the inode's number; by it and the times this is the program that runs, and not what was put in its
 * place. */
static bool
is_this_program (int file)
{
  struct stat found, self;

  return fstat (file, &found) == 0 && stat ("/proc/self/exe", &self) == 0 && found.st_ino == self.st_ino
         && found.st_size == self.st_size && found.st_mtim.tv_sec == self.st_mtim.tv_sec
         && found.st_mtim.tv_nsec == self.st_mtim.tv_nsec;
}

static int
open_view (void)
{
  char path[PATH_MAX];
  ssize_t length = readlink ("/proc/self/exe", path, sizeof path - 1);
  tss_autofd int mount = -1;
  char *name;
  int file;

  if (length <= 0)
    return -1;
  path[length] = '\0';
  name = strrchr (path, '/');
  if (!name || name == path)
    return -1;
  *name++ = '\0';
  mount = make_overlay (path);
  file = mount < 0 ? -1 : openat (mount, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file >= 0 && !is_this_program (file))
    {
      close (file);
      return -1;
    }
  return file;
}

int
tss_reexec_unwritable (char *const arguments[], struct tss_error *error)
{
  tss_autofd int view = -1;

  if (is_unwritable ())
    return 0;
  view = open_view ();
  if (view >= 0 && setenv (mark, "1", 1) == 0)
    fexecve (view, arguments, environ);
  unsetenv (mark);
  return tss_reexec_sealed (arguments, error);
}
