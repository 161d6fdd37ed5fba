/* Writing a file or directory of a container as a tar archive.
 *
 * The container may change everything meanwhile. After the first lookup, which the kernel keeps in the root, each step
 * opens one name in a directory that is open, never through a link, and what was looked at is what is read: a file is
 * opened again by its descriptor, so that nobody can put a device or a pipe in its place. */
#include "pack.h"

#include "../common/cleanup.h"
#include "inode-map.h"
#include "resolve.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202 /* include/linux has no name for it; ipc/mqueue.c */
#endif

enum
{
  BLOCK_SIZE = 256 * 1024,
  /* Each level takes a descriptor and a part of the stack; PATH_MAX alone allows half as many. */
  MAX_DEPTH = 4096,
  SELF_SIZE = sizeof "/proc/self/fd/" + 3 * sizeof (int),
};

struct packing
{
  struct archive *archive;
  struct layer_inode_map seen;
  unsigned char *block;
  int depth;
};

static int pack_object (struct packing *packing, int fd, const char *name, dev_t device, struct tss_error *error);

static int
pack_failure (const char *name, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_IO, errno, name, "read %s", name);
}

static int
archive_failure (struct packing *packing, const char *name, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_IO, 0, name, "write %s into the archive: %s", name,
                        archive_error_string (packing->archive));
}

int
layer_find_path (int root, const char *path, bool follow, struct stat *status, struct tss_error *error)
{
  tss_autofd int found = layer_open_in_root (root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));

  if (found < 0 && errno == ENOENT)
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, errno, path, "open %s", path);
  if (found < 0 || fstat (found, status) < 0)
    return tss_error_set (error, errno == ENOTDIR ? TSS_ERROR_STATE : TSS_ERROR_IO, errno, path, "open %s", path);
  return tss_steal_fd (&found);
}

/* What the kernel makes up has no size, no end, or effects. */
static bool
is_kernel_made (int directory)
{
  struct statfs status;

  if (fstatfs (directory, &status) < 0)
    return false;
  switch ((unsigned long)status.f_type)
    {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEVPTS_SUPER_MAGIC:
    case MQUEUE_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case BPF_FS_MAGIC:
      return true;
    default:
      return false;
    }
}

/* Links have no capabilities, and their descriptor opens nothing. */
static int
add_capabilities (struct archive_entry *entry, int fd, const char *name, struct tss_error *error)
{
  static const char attribute[] = "security.capability";
  char path[SELF_SIZE], value[64];
  ssize_t size;

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  size = getxattr (path, attribute, value, sizeof value);
  if (size < 0 && errno != ENODATA && errno != ENOTSUP)
    return pack_failure (name, error);
  if (size > 0)
    archive_entry_xattr_add_entry (entry, attribute, value, (size_t)size);
  return 0;
}

static int
describe (struct packing *packing, struct archive_entry *entry, int fd, const char *name, const struct stat *status,
          struct tss_error *error)
{
  char target[PATH_MAX];
  ssize_t size;
  const char *first = NULL;
  bool failed = false;

  archive_entry_copy_pathname (entry, name);
  archive_entry_copy_stat (entry, status);
  if (S_ISLNK (status->st_mode))
    {
      size = readlinkat (fd, "", target, sizeof target - 1);
      if (size < 0)
        return pack_failure (name, error);
      target[size] = '\0';
      archive_entry_copy_symlink (entry, target);
    }
  if (!S_ISREG (status->st_mode))
    {
      archive_entry_set_size (entry, 0);
      return 0;
    }
  if (status->st_nlink > 1)
    first = layer_inode_map_find_or_add (&packing->seen, status, name, &failed);
  if (failed)
    return pack_failure (name, error);
  if (!first)
    return add_capabilities (entry, fd, name, error);
  archive_entry_copy_hardlink (entry, first);
  archive_entry_set_size (entry, 0);
  return 0;
}

/* A file that shrinks meanwhile is filled up with zeros, as its header has promised its size. */
static int
pack_data (struct packing *packing, int fd, const char *name, off_t size, struct tss_error *error)
{
  char path[SELF_SIZE];
  tss_autofd int file = -1;

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  file = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0)
    return pack_failure (name, error);
  while (size > 0)
    {
      size_t wanted = size < BLOCK_SIZE ? (size_t)size : BLOCK_SIZE;
      ssize_t length = TSS_RETRY (read (file, packing->block, wanted));

      if (length < 0)
        return pack_failure (name, error);
      if (length == 0)
        return 0;
      if (archive_write_data (packing->archive, packing->block, (size_t)length) < 0)
        return archive_failure (packing, name, error);
      size -= length;
    }
  return 0;
}

static int
pack_child (struct packing *packing, int directory, const char *base, const char *name, dev_t device,
            struct tss_error *error)
{
  tss_autofree char *path = NULL;
  tss_autofd int child = openat (directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

  /* Removed meanwhile. */
  if (child < 0 && errno == ENOENT)
    return 0;
  if (child < 0 || asprintf (&path, "%s/%s", base, name) < 0)
    return pack_failure (name, error);
  return pack_object (packing, child, path, device, error);
}

static int
pack_children (struct packing *packing, int fd, const char *base, dev_t device, struct tss_error *error)
{
  int directory = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = directory < 0 ? NULL : fdopendir (directory);
  const struct dirent *entry;
  int status = 0;

  if (!stream)
    {
      tss_close (&directory);
      return pack_failure (base, error);
    }
  while (status == 0 && (errno = 0, entry = readdir (stream)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      status = pack_child (packing, dirfd (stream), base, entry->d_name, device, error);
  if (status == 0 && errno != 0)
    status = pack_failure (base, error);
  closedir (stream);
  return status;
}

/* DEVICE is that of the directory above. */
static int
pack_object (struct packing *packing, int fd, const char *name, dev_t device, struct tss_error *error)
{
  struct archive_entry *entry;
  struct stat status;
  bool has_data;
  int result;

  if (fstat (fd, &status) < 0)
    return pack_failure (name, error);
  if (S_ISSOCK (status.st_mode))
    return 0;
  entry = archive_entry_new ();
  if (!entry)
    return pack_failure (name, error);
  result = describe (packing, entry, fd, name, &status, error);
  has_data = S_ISREG (status.st_mode) && !archive_entry_hardlink (entry);
  if (result == 0 && archive_write_header (packing->archive, entry) < ARCHIVE_WARN)
    result = archive_failure (packing, name, error);
  archive_entry_free (entry);
  if (result == 0 && has_data)
    result = pack_data (packing, fd, name, status.st_size, error);
  if (result < 0 || !S_ISDIR (status.st_mode) || (status.st_dev != device && is_kernel_made (fd)))
    return result;
  if (packing->depth == MAX_DEPTH)
    return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "", "directories lie too deep in one another");
  packing->depth++;
  result = pack_children (packing, fd, name, status.st_dev, error);
  packing->depth--;
  return result;
}

/* No padding to whole tapes: the reader waits for the end of the stream anyway. */
static int
open_archive (struct packing *packing, int fd, struct tss_error *error)
{
  packing->archive = archive_write_new ();
  packing->block = malloc (BLOCK_SIZE);
  if (!packing->archive || !packing->block)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "write the archive");
  if (archive_write_set_format_pax (packing->archive) != ARCHIVE_OK
      || archive_write_set_bytes_per_block (packing->archive, BLOCK_SIZE) != ARCHIVE_OK
      || archive_write_set_bytes_in_last_block (packing->archive, 1) != ARCHIVE_OK
      || archive_write_open_fd (packing->archive, fd) != ARCHIVE_OK)
    return archive_failure (packing, "", error);
  return 0;
}

int
layer_pack (int root, const struct layer_pack *wanted, int fd, struct tss_error *error)
{
  struct packing packing = { 0 };
  struct stat status;
  tss_autofd int found = layer_find_path (root, wanted->path, wanted->follow, &status, error);
  int result = found < 0 ? -1 : open_archive (&packing, fd, error);

  if (result == 0 && S_ISSOCK (status.st_mode))
    result = tss_error_set (error, TSS_ERROR_INVALID, 0, wanted->path, "%s is a socket, which no archive can have",
                            wanted->path);
  if (result == 0)
    result = pack_object (&packing, found, wanted->name, status.st_dev, error);
  if (result == 0 && archive_write_close (packing.archive) != ARCHIVE_OK)
    result = archive_failure (&packing, wanted->name, error);
  /* After a failure nothing more is to be written: the reader would take the archive for whole. */
  if (result < 0 && packing.archive)
    archive_write_fail (packing.archive);
  archive_write_free (packing.archive);
  layer_inode_map_free (&packing.seen);
  free (packing.block);
  return result;
}
