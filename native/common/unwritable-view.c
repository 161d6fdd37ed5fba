/* The program's own file through an overlay. Without a word to the C library: see raw-syscall.h. */
#include "unwritable-view.h"
#include "raw-text.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Without a directory for what is written there have to be two others: this one is everywhere, has no mounts below it
 * and does not hold programs. */
static const char other_layer[] = "/sys/kernel/mm";
static const char own_link[] = "/proc/self/exe";

/* Where the program is, as an overlay wants it: DIRECTORY:OTHER. */
struct place
{
  char text[PATH_MAX + sizeof other_layer];
  char name[NAME_MAX + 1];
};

/* In the option these would mean something else. */
TSS_BEFORE_LIBC static bool
is_special (char character)
{
  return character == ':' || character == ',' || character == '\\';
}

TSS_BEFORE_LIBC static bool
find_program (struct place *place)
{
  long length = tss_raw_syscall (SYS_readlinkat, AT_FDCWD, TSS_RAW (own_link), TSS_RAW (place->text), PATH_MAX - 1, 0);
  long slash = 0;

  if (length <= 0)
    return false;
  place->text[length] = '\0';
  for (long i = 0; i < length; i++)
    {
      TSS_KEEP_LOOP ();
      if (place->text[i] == '/')
        slash = i;
    }
  for (long i = 0; i < slash; i++)
    if (is_special (place->text[i]))
      return false;
  if (slash == 0 || length - slash > NAME_MAX)
    return false;
  tss_raw_append (place->name, place->name + sizeof place->name, place->text + slash + 1);
  place->text[slash] = ':';
  tss_raw_append (place->text + slash + 1, place->text + sizeof place->text, other_layer);
  return true;
}

/* An overlay without a directory for what is written, which nobody can give it later. It is attached nowhere, and gone
 * with the last process that runs from it. */
TSS_BEFORE_LIBC static int
make_overlay (const struct place *place)
{
  long context, mount = -1;

  /* The kernel's log would have a line for an overlay that it cannot make. */
  if (tss_raw_syscall (SYS_faccessat, AT_FDCWD, TSS_RAW (other_layer), 0, 0, 0) < 0)
    return -1;
  context = tss_raw_syscall (SYS_fsopen, TSS_RAW ("overlay"), FSOPEN_CLOEXEC, 0, 0, 0);
  if (context < 0)
    return -1;
  if (tss_raw_syscall (SYS_fsconfig, context, FSCONFIG_SET_STRING, TSS_RAW ("lowerdir"), TSS_RAW (place->text), 0) >= 0
      && tss_raw_syscall (SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0) >= 0)
    mount = tss_raw_syscall (SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, 0, 0);
  tss_raw_syscall (SYS_close, context, 0, 0, 0, 0);
  return (int)mount;
}

/* An overlay shows the inode's number; by it and the times this is the program that runs, and not what was put in its
 * place. */
TSS_BEFORE_LIBC static bool
is_this_program (int file)
{
  const unsigned int wanted = STATX_INO | STATX_SIZE | STATX_MTIME;
  struct statx found, self;

  return tss_raw_syscall (SYS_statx, file, TSS_RAW (""), AT_EMPTY_PATH, wanted, TSS_RAW (&found)) == 0
         && tss_raw_syscall (SYS_statx, AT_FDCWD, TSS_RAW (own_link), 0, wanted, TSS_RAW (&self)) == 0
         && found.stx_ino == self.stx_ino && found.stx_size == self.stx_size
         && found.stx_mtime.tv_sec == self.stx_mtime.tv_sec && found.stx_mtime.tv_nsec == self.stx_mtime.tv_nsec;
}

TSS_BEFORE_LIBC void
tss_exec_unwritable_view (char *const arguments[], char *const environment[])
{
  struct place place;
  int mount = find_program (&place) ? make_overlay (&place) : -1;
  int file;

  if (mount < 0)
    return;
  file = (int)tss_raw_syscall (SYS_openat, mount, TSS_RAW (place.name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, 0);
  tss_raw_syscall (SYS_close, mount, 0, 0, 0, 0);
  if (file < 0)
    return;
  if (is_this_program (file))
    tss_raw_syscall (SYS_execveat, file, TSS_RAW (""), TSS_RAW (arguments), TSS_RAW (environment), AT_EMPTY_PATH);
  tss_raw_syscall (SYS_close, file, 0, 0, 0, 0);
}
