/* Copies what an image has in a directory into the tmpfs that will cover it. Runs while nothing of the container does.
 */
#include "../common/cleanup.h"
#include "setup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum
{
  COPY_CHUNK = 1 << 20,
  MAX_XATTRS = 4096,
  MAX_XATTR_VALUE = 65536, /* XATTR_SIZE_MAX */
};

static int copy_directory (int from, int to);

static int
copy_xattrs (int from, int to)
{
  char names[MAX_XATTRS];
  ssize_t length = flistxattr (from, names, sizeof names);
  tss_autofree char *value = NULL;

  if (length <= 0)
    return 0;
  value = malloc (MAX_XATTR_VALUE);
  if (!value)
    return -1;
  for (const char *name = names; name < names + length; name += strlen (name) + 1)
    {
      ssize_t size = fgetxattr (from, name, value, MAX_XATTR_VALUE);

      /* A tmpfs takes no user.* attributes before Linux 6.6. */
      if (size >= 0 && fsetxattr (to, name, value, (size_t)size, 0) < 0 && errno != EOPNOTSUPP)
        return -1;
    }
  return 0;
}

/* The owner first: changing it takes set-uid bits and capabilities away. */
static int
copy_attributes (int from, int to, const struct stat *status)
{
  const struct timespec times[2] = { status->st_atim, status->st_mtim };

  if (fchown (to, status->st_uid, status->st_gid) < 0 || fchmod (to, status->st_mode & 07777) < 0)
    return -1;
  if (copy_xattrs (from, to) < 0)
    return -1;
  return futimens (to, times);
}

static int
copy_file (int parent, const char *name, int to_parent, const struct stat *status)
{
  tss_autofd int from = openat (parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  tss_autofd int to = openat (to_parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  ssize_t count;

  if (from < 0 || to < 0)
    return -1;
  while ((count = TSS_RETRY (sendfile (to, from, NULL, COPY_CHUNK))) > 0)
    continue;
  return count < 0 ? -1 : copy_attributes (from, to, status);
}

static int
copy_link (int parent, const char *name, int to_parent, const struct stat *status)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat (parent, name, target, sizeof target - 1);

  if (length < 0)
    return -1;
  target[length] = '\0';
  if (symlinkat (target, to_parent, name) < 0)
    return -1;
  return fchownat (to_parent, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
}

static int
copy_special (const char *name, int to_parent, const struct stat *status)
{
  if (mknodat (to_parent, name, status->st_mode, status->st_rdev) < 0
      || fchownat (to_parent, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
    return -1;
  return fchmodat (to_parent, name, status->st_mode & 07777, 0);
}

static int
copy_subdirectory (int parent, const char *name, int to_parent)
{
  tss_autofd int from = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  tss_autofd int to = -1;

  if (from < 0 || mkdirat (to_parent, name, 0700) < 0)
    return -1;
  to = openat (to_parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return to < 0 ? -1 : copy_directory (from, to);
}

static int
copy_entry (int parent, const char *name, int to_parent)
{
  struct stat status;

  if (fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return -1;
  if (S_ISDIR (status.st_mode))
    return copy_subdirectory (parent, name, to_parent);
  if (S_ISREG (status.st_mode))
    return copy_file (parent, name, to_parent, &status);
  if (S_ISLNK (status.st_mode))
    return copy_link (parent, name, to_parent, &status);
  return copy_special (name, to_parent, &status);
}

static int
copy_directory (int from, int to)
{
  int duplicate = fcntl (from, F_DUPFD_CLOEXEC, 0);
  DIR *directory = duplicate < 0 ? NULL : fdopendir (duplicate);
  const struct dirent *entry;
  struct stat status;
  int result = 0;

  if (!directory)
    {
      tss_close (&duplicate);
      return -1;
    }
  while (result == 0 && (entry = readdir (directory)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      result = copy_entry (from, entry->d_name, to);
  closedir (directory);
  if (result < 0 || fstat (from, &status) < 0)
    return -1;
  return copy_attributes (from, to, &status);
}

int
box_copy_tree (int from, int to, struct tss_error *error)
{
  if (copy_directory (from, to) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "", "copy the image's files into the tmpfs");
  return 0;
}
