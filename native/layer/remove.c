/* Removing trees without ever crossing a mount or following a link. */
#include "remove.h"

#include "../common/cleanup.h"
#include "resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Archives can nest deeper than there are descriptors: directories below this depth are first moved to the top of the
 * tree. */
enum
{
  MAX_DEPTH = 64
};

struct removal
{
  int top;                   /* the uppermost directory being emptied */
  unsigned long moved_count; /* names of moved directories */
};

static int empty_directory (struct removal *removal, int directory, const char *path, int depth,
                            struct tss_error *error);

static int
remove_failure (int number, const char *path, struct tss_error *error)
{
  if (number == EBUSY || number == EXDEV)
    return tss_error_set (error, TSS_ERROR_STATE, EBUSY, path, "remove %s: something is mounted there", path);
  return tss_error_set (error, TSS_ERROR_IO, number, path, "remove %s", path);
}

/* Takes a directory that lies too deep out to the top, where it is found again by the loop of remove_directory. */
static int
move_to_top (struct removal *removal, int directory, const char *name, struct tss_error *error)
{
  char moved[64];
  int result;

  do
    {
      snprintf (moved, sizeof moved, ".tsstack-removed-%lu", removal->moved_count++);
      result = renameat2 (directory, name, removal->top, moved, RENAME_NOREPLACE);
    }
  while (result < 0 && errno == EEXIST);
  return result < 0 ? remove_failure (errno, name, error) : 0;
}

static int
remove_child_directory (struct removal *removal, int directory, const char *name, int depth, struct tss_error *error)
{
  tss_autofd int child = -1;

  if (depth >= MAX_DEPTH)
    return move_to_top (removal, directory, name, error);
  child = layer_open_child (directory, name);
  if (child < 0)
    return remove_failure (errno, name, error);
  if (empty_directory (removal, child, name, depth + 1, error) < 0)
    return -1;
  if (unlinkat (directory, name, AT_REMOVEDIR) < 0)
    return remove_failure (errno, name, error);
  return 0;
}

static int
remove_entry (struct removal *removal, int directory, const struct dirent *entry, int depth, struct tss_error *error)
{
  const char *name = entry->d_name;

  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return 0;
  if (entry->d_type != DT_DIR)
    {
      if (unlinkat (directory, name, 0) == 0 || errno == ENOENT)
        return 0;
      if (errno != EISDIR)
        return remove_failure (errno, name, error);
    }
  return remove_child_directory (removal, directory, name, depth, error);
}

/* Removes all entries; PATH is for messages. */
static int
empty_directory (struct removal *removal, int directory, const char *path, int depth, struct tss_error *error)
{
  int copy = fcntl (directory, F_DUPFD_CLOEXEC, 0);
  DIR *stream = copy < 0 ? NULL : fdopendir (copy);
  struct dirent *entry;
  int result = 0;

  if (!stream)
    {
      int number = errno;

      tss_close (&copy);
      return remove_failure (number, path, error);
    }
  while (result == 0 && (errno = 0, entry = readdir (stream)))
    result = remove_entry (removal, directory, entry, depth, error);
  if (result == 0 && errno)
    result = remove_failure (errno, path, error);
  closedir (stream);
  return result;
}

/* Directories that were moved to the top while it was read may have been missed, hence the repetition. */
static int
remove_directory (int directory, const char *name, struct tss_error *error)
{
  tss_autofd int top = openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct removal removal = { .top = top };
  unsigned long moved_before;

  if (top < 0)
    return remove_failure (errno, name, error);
  do
    {
      moved_before = removal.moved_count;
      if (lseek (top, 0, SEEK_SET) < 0 || empty_directory (&removal, top, name, 0, error) < 0)
        return -1;
    }
  while (removal.moved_count != moved_before);
  if (unlinkat (directory, name, AT_REMOVEDIR) < 0)
    return remove_failure (errno, name, error);
  return 0;
}

int
layer_remove (int directory, const char *name, struct tss_error *error)
{
  struct statx status;

  if (statx (directory, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) < 0)
    return errno == ENOENT ? 0 : remove_failure (errno, name, error);
  if (status.stx_attributes & STATX_ATTR_MOUNT_ROOT)
    return remove_failure (EBUSY, name, error);
  if (S_ISDIR (status.stx_mode))
    return remove_directory (directory, name, error);
  if (unlinkat (directory, name, 0) < 0 && errno != ENOENT)
    return remove_failure (errno, name, error);
  return 0;
}
