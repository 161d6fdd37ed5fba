/* Terminals inside a container. */
#include "terminal.h"
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* What is at /dev/pts is the container's choice once it runs: only a real multiplexer of a devpts will do. */
static bool
is_multiplexer (int fd)
{
  struct statfs file_system;
  struct stat status;

  return fstatfs (fd, &file_system) == 0 && file_system.f_type == DEVPTS_SUPER_MAGIC && fstat (fd, &status) == 0
         && S_ISCHR (status.st_mode) && status.st_rdev == makedev (5, 2);
}

int
box_terminal_open (int root, const struct box_process *process, int *master, int *slave, struct tss_error *error)
{
  tss_autofd int new_master = box_target_open (root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
  const int unlocked = 0;
  struct winsize size = { .ws_row = process->rows, .ws_col = process->columns };

  if (new_master < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/dev/pts/ptmx", "open a terminal");
  if (!is_multiplexer (new_master))
    return tss_error_set (error, TSS_ERROR_IO, 0, "/dev/pts/ptmx", "open a terminal: /dev/pts is no devpts");
  /* TIOCGPTPEER opens the other side without a path that somebody could exchange (CVE-2025-52565). */
  if (ioctl (new_master, TIOCSPTLCK, &unlocked) < 0
      || (*slave = ioctl (new_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/dev/pts", "open a terminal");
  if ((size.ws_row || size.ws_col) && ioctl (new_master, TIOCSWINSZ, &size) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "process.consoleSize",
                          "process.consoleSize: set the size of the terminal");
  *master = tss_steal_fd (&new_master);
  return 0;
}

int
box_terminal_control (int slave, struct tss_error *error)
{
  if (ioctl (slave, TIOCSCTTY, 0) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/dev/pts", "take control of the terminal");
  return 0;
}

/* An image with a link there would have the terminal mounted wherever it likes. */
static int
open_console (int root, struct tss_error *error)
{
  tss_autofd int made = box_target_make (root, "/dev/console", false, error);
  int target;

  if (made < 0)
    return -1;
  target = box_target_open (root, "/dev/console", O_PATH, RESOLVE_NO_SYMLINKS);
  return target < 0 ? tss_error_set (error, TSS_ERROR_MOUNT, errno, "/dev/console", "open /dev/console") : target;
}

/* The container's own terminal is also its console. */
int
box_setup_terminal (struct box_setup *setup, struct tss_error *error)
{
  tss_autofd int target = -1, tree = -1;

  if (!setup->spec->process.terminal)
    return 0;
  if (box_terminal_open (setup->root, &setup->spec->process, &setup->terminal, &setup->terminal_slave, error) < 0)
    return tss_error_within (error, "process.terminal");
  target = open_console (setup->root, error);
  if (target < 0)
    return -1;
  tree = open_tree (setup->terminal_slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "/dev/console", "mount the terminal on /dev/console");
  return box_attach_tree (tree, target, "/dev/console", error);
}
