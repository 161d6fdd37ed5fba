/* linux.maskedPaths and linux.readonlyPaths. */
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Two things to mask with: the host's /dev/null for files, one empty read-only tmpfs for directories. Both are mounted
 * once and copied from there, as a mount that is nowhere yet cannot be copied. */
struct masks
{
  int file, directory; /* -1 until the first is mounted */
};

static bool
is_null_device (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISCHR (status.st_mode) && status.st_rdev == makedev (1, 3);
}

static int
mount_empty_directory (void)
{
  tss_autofd int context = fsopen ("tmpfs", FSOPEN_CLOEXEC);

  if (context < 0 || fsconfig (context, FSCONFIG_SET_STRING, "mode", "555", 0) < 0
      || fsconfig (context, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0
      || fsconfig (context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0
      || fsconfig (context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return -1;
  return fsmount (context, FSMOUNT_CLOEXEC,
                  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int
first_or_copy (struct box_setup *setup, struct masks *masks, bool directory)
{
  int *mask = directory ? &masks->directory : &masks->file;

  if (*mask >= 0)
    return open_tree (*mask, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  *mask = directory ? mount_empty_directory () : tss_steal_fd (&setup->null_source);
  return *mask < 0 ? -1 : fcntl (*mask, F_DUPFD_CLOEXEC, 0);
}

static int
mask_path (struct box_setup *setup, const char *path, struct masks *masks, struct tss_error *error)
{
  tss_autofd int target = box_target_open (setup->root, path, O_PATH, 0);
  tss_autofd int mask = -1;
  struct stat status;

  if (target < 0)
    return errno == ENOENT || errno == ENOTDIR
               ? 0
               : tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.maskedPaths: mask %s", path);
  if (box_is_root (setup, target))
    return tss_error_set (error, TSS_ERROR_MOUNT, 0, path, "linux.maskedPaths: mask %s: that is the root itself", path);
  if (fstat (target, &status) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.maskedPaths: mask %s", path);
  mask = first_or_copy (setup, masks, S_ISDIR (status.st_mode));
  if (mask < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.maskedPaths: mask %s", path);
  return box_attach_tree (mask, target, path, error);
}

static int
protect_path (struct box_setup *setup, const char *path, struct tss_error *error)
{
  tss_autofd int target = box_target_open (setup->root, path, O_PATH, 0);
  tss_autofd int tree = -1;

  if (target < 0)
    return errno == ENOENT || errno == ENOTDIR
               ? 0
               : tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.readonlyPaths: make %s read-only", path);
  /* A mount over the root would not be seen. */
  if (box_is_root (setup, target))
    return box_set_mount_flags (setup->root, MS_RDONLY, 0, false) == 0
               ? 0
               : tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.readonlyPaths: make the root read-only");
  tree = open_tree (target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.readonlyPaths: make %s read-only", path);
  if (box_attach_tree (tree, target, path, error) < 0)
    return -1;
  if (box_set_mount_flags (tree, MS_RDONLY, 0, false) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "linux.readonlyPaths: make %s read-only", path);
  return 0;
}

int
box_setup_hidden_paths (struct box_setup *setup, struct tss_error *error)
{
  const char **readonly_paths = setup->spec->readonly_paths, **masked_paths = setup->spec->masked_paths;
  struct masks masks = { -1, -1 };
  int result = 0;

  for (size_t i = 0; result == 0 && readonly_paths && readonly_paths[i]; i++)
    result = protect_path (setup, readonly_paths[i], error);
  /* A host whose /dev/null is something else would unmask what is to be hidden (CVE-2025-31133). */
  if (result == 0 && masked_paths && masked_paths[0] && !is_null_device (setup->null_source))
    result
        = tss_error_set (error, TSS_ERROR_MOUNT, 0, "/dev/null", "mask paths: /dev/null of the host is no null device");
  for (size_t i = 0; result == 0 && masked_paths && masked_paths[i]; i++)
    result = mask_path (setup, masked_paths[i], &masks, error);
  tss_close (&masks.file);
  tss_close (&masks.directory);
  return result;
}
