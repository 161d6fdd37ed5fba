/* Mounts on the host that containers are given. Everything above TO belongs to root alone, so its path is trusted;
 * what lies below a volume or an image is not. */
#include "mount.h"

#include "../box/mount-options.h"
#include "../common/cleanup.h"
#include "image-view.h"
#include "resolve.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static bool
is_mount_point (const char *path)
{
  struct statx status;

  return statx (AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &status) == 0
         && status.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* A bind takes its flags only from a remount. */
static int
mount_parsed (const struct box_mount *wanted, const char *type, const char *device, const char *to)
{
  unsigned long bind = MS_BIND | (wanted->recursive ? MS_REC : 0);
  int saved;

  if (!wanted->bind)
    return TSS_RETRY (mount (device, to, type, wanted->set, wanted->data));
  if (mount (device, to, NULL, bind, NULL) < 0)
    return -1;
  if (wanted->set == 0 || mount (NULL, to, NULL, MS_REMOUNT | MS_BIND | wanted->set, NULL) == 0)
    return 0;
  saved = errno;
  umount2 (to, MNT_DETACH);
  errno = saved;
  return -1;
}

int
layer_mount_filesystem (const char *type, const char *device, const char *const *options, const char *to, bool *mounted,
                        struct tss_error *error)
{
  struct box_mount wanted = { 0 };
  int result;

  *mounted = false;
  if (is_mount_point (to))
    return 0;
  if (box_mount_options_parse (options, "options", &wanted, error) < 0)
    {
      free (wanted.data);
      return -1;
    }
  result = mount_parsed (&wanted, type, device, to);
  if (result < 0)
    tss_error_set (error, TSS_ERROR_MOUNT, errno, device, "mount %s of type %s", device, type);
  else
    *mounted = true;
  free (wanted.data);
  return result;
}

static int
make_target (const char *to, bool is_directory, struct tss_error *error)
{
  tss_autofd int file = -1;

  if (layer_unmount (to, error) < 0)
    return -1;
  if (is_directory ? mkdir (to, 0700) == 0 : (file = open (to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)) >= 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_IO, errno, to, "make %s", to);
}

/* Attaches the detached TREE, a copy of which nobody else knows. */
static int
attach (int tree, const char *to, struct tss_error *error)
{
  struct stat status;

  if (fstat (tree, &status) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, to, "look at what is to be mounted on %s", to);
  if (make_target (to, S_ISDIR (status.st_mode), error) < 0)
    return -1;
  if (move_mount (tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, to, "mount on %s", to);
  return 0;
}

static int
clone_tree (int fd, const char *path, struct tss_error *error)
{
  int tree = open_tree (fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

  return tree >= 0 ? tree : tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "copy the mount of %s", path);
}

/* EXDEV is what the kernel says to a path that leaves ROOT. */
static int
open_part (const char *root, const char *path, struct tss_error *error)
{
  tss_autofd int directory = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int part;

  if (directory < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, root, "open directory %s", root);
  part = layer_open_beneath (directory, path);
  if (part >= 0)
    return part;
  if (errno == EXDEV)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s leads out of the volume", path);
  return tss_error_set (error, errno == ENOENT || errno == ENOTDIR ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path,
                        "open %s of the volume", path);
}

int
layer_mount_part (const char *root, const char *path, const char *to, struct tss_error *error)
{
  tss_autofd int part = open_part (root, path, error);
  tss_autofd int tree = part < 0 ? -1 : clone_tree (part, path, error);

  return tree < 0 ? -1 : attach (tree, to, error);
}

int
layer_mount_image (const char *directory, const char *const *layers, const char *path, const char *to,
                   struct tss_error *error)
{
  struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID };
  tss_autofd int host = open ("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  tss_autofd int part = -1;
  tss_autofd int tree = -1;

  if (host < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "open the mount namespace");
  part = layer_open_image_entry (directory, layers, path, error);
  tree = part < 0 ? -1 : clone_tree (part, path, error);
  if (tree < 0)
    return -1;
  /* Before Linux 5.12 there is no such call: then only the container's own mount, which is read-only as well, says so.
   */
  if (mount_setattr (tree, "", AT_EMPTY_PATH, &read_only, sizeof read_only) < 0 && errno != ENOSYS)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "make the view of the image read-only");
  if (setns (host, CLONE_NEWNS) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "return to the mount namespace of the host");
  return attach (tree, to, error);
}

int
layer_unmount (const char *path, struct tss_error *error)
{
  while (is_mount_point (path))
    if (umount2 (path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
      return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "unmount %s", path);
  if (unlink (path) == 0 || errno == ENOENT)
    return 0;
  if (errno == EISDIR && (rmdir (path) == 0 || errno == ENOENT))
    return 0;
  return tss_error_set (error, TSS_ERROR_IO, errno, path, "remove %s", path);
}
