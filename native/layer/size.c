/* Measuring trees. */
#include "size.h"

#include "../common/cleanup.h"
#include "inode-map.h"
#include "resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum
{
  STAT_BLOCK_BYTES = 512 /* unit of st_blocks, whatever the file system */
};

struct measurement
{
  struct layer_inode_map seen;
  struct layer_size *size;
};

static int measure_directory (struct measurement *measurement, int directory, const char *path,
                              struct tss_error *error);

static int
measure_failure (const char *path, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_IO, errno, path, "measure %s", path);
}

static int
add_file (struct measurement *measurement, const struct stat *status, const char *path, struct tss_error *error)
{
  bool failed = false;

  measurement->size->entries++;
  if (!S_ISDIR (status->st_mode) && status->st_nlink > 1
      && layer_inode_map_find_or_add (&measurement->seen, status, "", &failed))
    return 0;
  if (failed)
    return measure_failure (path, error);
  measurement->size->bytes += (uint64_t)status->st_blocks * STAT_BLOCK_BYTES;
  return 0;
}

/* What vanishes while it is being measured is no error: the tree may be in use. */
static int
measure_entry (struct measurement *measurement, int directory, const char *name, struct tss_error *error)
{
  struct stat status;
  tss_autofd int child = -1;

  if (fstatat (directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : measure_failure (name, error);
  if (add_file (measurement, &status, name, error) < 0)
    return -1;
  if (!S_ISDIR (status.st_mode))
    return 0;
  child = layer_open_child (directory, name);
  if (child < 0)
    return errno == EXDEV || errno == ENOENT ? 0 : measure_failure (name, error);
  return measure_directory (measurement, tss_steal_fd (&child), name, error);
}

/* Takes over DIRECTORY. */
static int
measure_directory (struct measurement *measurement, int directory, const char *path, struct tss_error *error)
{
  DIR *stream = fdopendir (directory);
  struct dirent *entry;
  int result = 0;

  if (!stream)
    {
      measure_failure (path, error);
      tss_close (&directory);
      return -1;
    }
  while (result == 0 && (errno = 0, entry = readdir (stream)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      result = measure_entry (measurement, directory, entry->d_name, error);
  if (result == 0 && errno)
    result = measure_failure (path, error);
  closedir (stream);
  return result;
}

int
layer_measure (const char *path, struct layer_size *size, struct tss_error *error)
{
  struct measurement measurement = { .size = size };
  int directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result;

  if (directory < 0)
    return tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "measure %s", path);
  result = measure_directory (&measurement, directory, path, error);
  layer_inode_map_free (&measurement.seen);
  return result;
}
