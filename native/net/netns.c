#include "netns.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define OWN_NAMESPACE "/proc/thread-self/ns/net"
#define PATH_SIZE 4096

int
netns_open_current (struct tss_error *error)
{
  int fd = open (OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, OWN_NAMESPACE, "open network namespace");
  return fd;
}

bool
netns_is_mounted (const char *path)
{
  struct statfs status;
  return statfs (path, &status) == 0 && status.f_type == NSFS_MAGIC;
}

/* 1, 0, or -1 with errno: taken for no mount, one would be covered by another, and hidden with all that it holds. */
static int
is_mount_root (const char *folder)
{
  struct statx status;
  if (statx (AT_FDCWD, folder, 0, 0, &status) < 0)
    return errno == ENOENT ? 0 : -1;
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* A mount below a shared parent would be copied into every namespace that receives its events, and live on there after
 * our unmount. */
int
netns_prepare_folder (const char *path, struct tss_error *error)
{
  char copy[PATH_SIZE];
  snprintf (copy, sizeof copy, "%s", path);
  const char *folder = dirname (copy);
  int is_mounted = is_mount_root (folder);
  if (is_mounted < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, folder, "look at folder of network namespaces");
  if (is_mounted > 0)
    return 0;
  if (tss_make_directories (folder, 0755) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, folder, "create folder of network namespaces");
  if (mount (folder, folder, NULL, MS_BIND, NULL) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, folder, "mount folder of network namespaces on itself");
  if (mount (NULL, folder, NULL, MS_PRIVATE, NULL) == 0)
    return 0;
  tss_error_set (error, TSS_ERROR_MOUNT, errno, folder, "make folder of network namespaces private");
  umount2 (folder, UMOUNT_NOFOLLOW); /* it would pass for a private one */
  return -1;
}

int
netns_create (const char *path, struct tss_error *error)
{
  if (netns_prepare_folder (path, error) < 0)
    return -1;
  tss_autofd int before = netns_open_current (error);
  if (before < 0)
    return -1;
  tss_autofd int file = open (path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
  if (file < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "create file of network namespace");
  if (unshare (CLONE_NEWNET) < 0)
    {
      tss_error_set (error, TSS_ERROR_NAMESPACE, errno, path, "create network namespace");
      unlink (path);
      return -1;
    }
  if (mount (OWN_NAMESPACE, path, NULL, MS_BIND, NULL) == 0)
    return 0;
  tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "mount network namespace");
  netns_leave (before);
  unlink (path);
  return -1;
}

int
netns_enter (const char *path, struct tss_error *error)
{
  tss_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns (fd, CLONE_NEWNET) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, path, "enter network namespace");
  return 0;
}

void
netns_leave (int host)
{
  if (setns (host, CLONE_NEWNET) == 0)
    return;
  perror ("tsstack-net: return to the host's network namespace");
  abort ();
}

int
netns_remove (const char *path, struct tss_error *error)
{
  if (umount2 (path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "unmount namespace");
  if (unlink (path) < 0 && errno != ENOENT)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "remove file of namespace");
  return 0;
}

void
netns_release_folder (const char *path)
{
  char copy[PATH_SIZE];
  snprintf (copy, sizeof copy, "%s", path);
  const char *folder = dirname (copy);
  /* Not lazily: that would take away namespaces that we do not know of. */
  umount2 (folder, UMOUNT_NOFOLLOW);
}
