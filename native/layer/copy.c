/* Copying trees with everything. */
#include "copy.h"

#include "../common/cleanup.h"
#include "copy-metadata.h"
#include "inode-map.h"
#include "resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct copying
{
  uint32_t first_id;
  int top; /* of the copy, to which remembered paths are relative */
  struct layer_inode_map seen;
  struct layer_size *size;
};

static int copy_directory (struct copying *copying, int from, int to, const char *path, struct tss_error *error);

static int
copy_failure (const char *path, struct tss_error *error)
{
  return tss_error_set (error, errno == EEXIST ? TSS_ERROR_EXISTS : TSS_ERROR_IO, errno, path, "copy %s", path);
}

/* Copies SIZE bytes at OFFSET by way of this process, for pairs of file systems that the kernel does not copy between.
 */
static int
copy_by_hand (int from, int to, off_t offset, off_t size)
{
  char buffer[64 * 1024];

  while (size > 0)
    {
      size_t wanted = (off_t)sizeof buffer < size ? sizeof buffer : (size_t)size;
      ssize_t length = TSS_RETRY (pread (from, buffer, wanted, offset));

      if (length <= 0)
        return (int)length;
      for (ssize_t done = 0, written; done < length; done += written)
        if ((written = TSS_RETRY (pwrite (to, buffer + done, (size_t)(length - done), offset + done))) < 0)
          return -1;
      offset += length;
      size -= length;
    }
  return 0;
}

static int
copy_extent (int from, int to, off_t offset, off_t size)
{
  while (size > 0)
    {
      off_t source = offset, target = offset;
      ssize_t copied = TSS_RETRY (copy_file_range (from, &source, to, &target, (size_t)size, 0));

      if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
        return copy_by_hand (from, to, offset, size);
      if (copied <= 0)
        return (int)copied; /* 0: the file was cut short meanwhile */
      offset += copied;
      size -= copied;
    }
  return 0;
}

/* Shares the blocks where the file system can, else copies everything but the holes. */
static int
copy_data (int from, int to, off_t size)
{
  off_t data = 0;

  if (ioctl (to, FICLONE, from) == 0)
    return 0;
  while (data < size)
    {
      off_t hole;

      data = lseek (from, data, SEEK_DATA);
      if (data < 0)
        break; /* ENXIO: only a hole is left */
      hole = lseek (from, data, SEEK_HOLE);
      if (hole < 0 || copy_extent (from, to, data, hole - data) < 0)
        return -1;
      data = hole;
    }
  if (data < 0 && errno != ENXIO)
    return -1;
  return ftruncate (to, size);
}

static int
copy_file (const struct layer_pair *pair, const struct stat *status)
{
  tss_autofd int from = openat (pair->from, pair->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  tss_autofd int to = from < 0 ? -1
                               : openat (pair->to, pair->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                         S_IRUSR | S_IWUSR);

  return to < 0 ? -1 : copy_data (from, to, status->st_size);
}

static int
copy_link (const struct layer_pair *pair)
{
  char target[PATH_MAX];
  ssize_t size = readlinkat (pair->from, pair->name, target, sizeof target - 1);

  if (size < 0)
    return -1;
  target[size] = '\0';
  return symlinkat (target, pair->to, pair->name);
}

static int
copy_object (const struct layer_pair *pair, const struct stat *status)
{
  if (S_ISREG (status->st_mode))
    return copy_file (pair, status);
  if (S_ISLNK (status->st_mode))
    return copy_link (pair);
  return mknodat (pair->to, pair->name, status->st_mode, status->st_rdev);
}

/* A mount point becomes an empty directory. */
static int
copy_subdirectory (struct copying *copying, const struct layer_pair *pair, const char *path, struct tss_error *error)
{
  tss_autofd int from = layer_open_child (pair->from, pair->name);
  tss_autofd int to = -1;

  if ((from < 0 && errno != EXDEV) || mkdirat (pair->to, pair->name, S_IRWXU) < 0)
    return copy_failure (path, error);
  if (from < 0)
    return 0;
  to = openat (pair->to, pair->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (to < 0)
    return copy_failure (path, error);
  return copy_directory (copying, from, to, path, error);
}

/* FIRST, a path below the top of the copy, gets another name. A link on its way, which a container may have put there,
 * is not followed. */
static int
link_again (const struct copying *copying, const char *first, const struct layer_pair *pair)
{
  const char *slash = strrchr (first, '/');
  tss_autofree char *parent_path = strndup (first, slash ? (size_t)(slash - first) : 0);
  tss_autofd int parent = parent_path ? layer_open_unlinked (copying->top, parent_path) : -1;

  return parent < 0 ? -1 : linkat (parent, slash ? slash + 1 : first, pair->to, pair->name, 0);
}

static int
copy_entry (struct copying *copying, const struct layer_pair *pair, const char *path, struct tss_error *error)
{
  struct stat status;
  bool failed = false;

  if (fstatat (pair->from, pair->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return copy_failure (path, error);
  copying->size->entries++;
  if (S_ISDIR (status.st_mode))
    {
      if (copy_subdirectory (copying, pair, path, error) < 0)
        return -1;
      return layer_copy_metadata (pair, &status, error);
    }
  if (status.st_nlink > 1)
    {
      const char *first = layer_inode_map_find_or_add (&copying->seen, &status, path, &failed);

      if (first && link_again (copying, first, pair) == 0)
        return 0;
      failed = failed || first;
    }
  if (failed || copy_object (pair, &status) < 0)
    return copy_failure (path, error);
  copying->size->bytes += S_ISREG (status.st_mode) ? (uint64_t)status.st_size : 0;
  return layer_copy_metadata (pair, &status, error);
}

/* The path of an entry relative to the top of the tree; the caller frees it. */
static char *
join_path (const char *directory, const char *name)
{
  char *path = NULL;

  return asprintf (&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0 ? NULL : path;
}

static int
copy_directory (struct copying *copying, int from, int to, const char *path, struct tss_error *error)
{
  int copy = fcntl (from, F_DUPFD_CLOEXEC, 0);
  DIR *stream = copy < 0 ? NULL : fdopendir (copy);
  struct dirent *entry;
  int result = 0;

  if (!stream)
    {
      copy_failure (path, error);
      tss_close (&copy);
      return -1;
    }
  while (result == 0 && (errno = 0, entry = readdir (stream)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      {
        struct layer_pair pair = { from, to, entry->d_name, copying->first_id };
        tss_autofree char *entry_path = join_path (path, entry->d_name);

        result = entry_path ? copy_entry (copying, &pair, entry_path, error) : copy_failure (path, error);
      }
  if (result == 0 && errno)
    result = copy_failure (path, error);
  closedir (stream);
  return result;
}

int
layer_copy_tree (int from, int to, uint32_t first_id, struct layer_size *size, struct tss_error *error)
{
  struct copying copying = { .top = to, .first_id = first_id, .size = size };
  struct layer_pair itself = { from, to, ".", first_id };
  struct stat status;
  int result = copy_directory (&copying, from, to, "", error);

  layer_inode_map_free (&copying.seen);
  if (result < 0)
    return -1;
  if (fstat (from, &status) < 0)
    return copy_failure (".", error);
  return layer_copy_metadata (&itself, &status, error);
}
