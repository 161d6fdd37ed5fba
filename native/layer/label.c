/* Labelling trees. */
#include "label.h"

#include "../common/cleanup.h"
#include "resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

static int label_entries (int directory, const char *path, const char *label, struct tss_error *error);

static int
label_failure (const char *path, const char *label, struct tss_error *error)
{
  if (errno == EINVAL)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "label %s: the policy of this host does not know %s", path,
                          label);
  return tss_error_set (error, TSS_ERROR_IO, errno, path, "label %s with %s", path, label);
}

/* What vanishes meanwhile is no error: the tree may be in use. */
static int
set_label (const char *file, const char *path, const char *label, struct tss_error *error)
{
  if (lsetxattr (file, "security.selinux", label, strlen (label) + 1, 0) == 0 || errno == EOPNOTSUPP || errno == ENOENT)
    return 0;
  return label_failure (path, label, error);
}

/* A name in a directory that others may change, reached without a look at any path above it. */
static int
label_entry (int directory, const struct dirent *entry, const char *label, struct tss_error *error)
{
  const char *name = entry->d_name;
  tss_autofd int child = -1;
  char file[sizeof "/proc/self/fd/" + 10 + NAME_MAX + 1];

  child = layer_open_child (directory, name);
  if (child >= 0)
    return label_entries (child, name, label, error);
  if (errno == EXDEV || errno == ENOENT)
    return 0;
  if (errno != ENOTDIR && errno != ELOOP)
    return label_failure (name, label, error);
  snprintf (file, sizeof file, "/proc/self/fd/%d/%s", directory, name);
  return set_label (file, name, label, error);
}

/* All that is in DIRECTORY, and then itself. */
static int
label_entries (int directory, const char *path, const char *label, struct tss_error *error)
{
  int copy = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = copy < 0 ? NULL : fdopendir (copy);
  char self[sizeof "/proc/self/fd//." + 10];
  struct dirent *entry;
  int result = 0;

  if (!stream)
    {
      label_failure (path, label, error);
      tss_close (&copy);
      return -1;
    }
  while (result == 0 && (errno = 0, entry = readdir (stream)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      result = label_entry (directory, entry, label, error);
  if (result == 0 && errno)
    result = label_failure (path, label, error);
  closedir (stream);
  snprintf (self, sizeof self, "/proc/self/fd/%d/.", directory);
  return result < 0 ? result : set_label (self, path, label, error);
}

int
layer_label (const char *path, const char *label, struct tss_error *error)
{
  tss_autofd int directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (directory >= 0)
    return label_entries (directory, path, label, error);
  if (errno == ENOTDIR)
    return set_label (path, path, label, error);
  return tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "label %s", path);
}

int
layer_label_once (const char *path, const char *label, struct tss_error *error)
{
  char present[256];
  ssize_t size = lgetxattr (path, "security.selinux", present, sizeof present - 1);

  if (size > 0)
    {
      present[size] = '\0';
      if (strcmp (present, label) == 0)
        return 0;
    }
  return layer_label (path, label, error);
}
