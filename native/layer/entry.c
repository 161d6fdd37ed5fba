/* Making one file system object from one archive entry, with everything that the entry says about it.
 *
 * Order matters: chown clears setuid bits and file capabilities, so modes and attributes follow it; times come last.
 * POSIX ACLs of archives are not applied, as the reference engines do not. */
#include "entry.h"

#include "../common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum
{
  PERMISSION_BITS = 07777
};

static int
entry_failure (const struct layer_place *place, const char *what, struct tss_error *error)
{
  return tss_error_set (error, errno == EEXIST ? TSS_ERROR_EXISTS : TSS_ERROR_IO, errno, place->path, "%s %s", what,
                        place->path);
}

void
layer_entry_times (struct archive_entry *entry, struct timespec times[2])
{
  times[1] = (struct timespec){ .tv_sec = archive_entry_mtime (entry), .tv_nsec = archive_entry_mtime_nsec (entry) };
  times[0] = times[1];
  if (archive_entry_atime_is_set (entry))
    times[0] = (struct timespec){ .tv_sec = archive_entry_atime (entry), .tv_nsec = archive_entry_atime_nsec (entry) };
}

/* What the overlay itself keeps in attributes must not come from an archive: it could redirect a name to another
 * directory. */
static int
is_overlay_attribute (const char *name)
{
  return strncmp (name, "trusted.overlay.", strlen ("trusted.overlay.")) == 0
         || strncmp (name, "user.overlay.", strlen ("user.overlay.")) == 0;
}

/* File capabilities are what makes some programs work at all; any other attribute may be missing. */
static int
can_skip_attribute (const char *name, int number)
{
  return (number == ENOTSUP || number == EPERM) && strcmp (name, "security.capability") != 0;
}

static bool
is_refused (const struct layer_place *place, const char *name)
{
  return is_overlay_attribute (name) || (place->drops_rights && strcmp (name, "security.capability") == 0);
}

static mode_t
mode_of (const struct layer_place *place, struct archive_entry *entry)
{
  mode_t mode = archive_entry_perm (entry) & PERMISSION_BITS;
  mode_t type = archive_entry_filetype (entry);

  if (!place->drops_rights)
    return mode;
  return type == AE_IFCHR || type == AE_IFBLK ? mode & (S_IRUSR | S_IWUSR) : mode & ~(mode_t)(S_ISUID | S_ISGID);
}

/* There is no setxattrat before Linux 6.13, and a link or device cannot be opened: hence the path by /proc, whose last
 * component lsetxattr does not follow. */
static int
set_attributes (const struct layer_place *place, struct archive_entry *entry, struct layer_entry_counts *counts,
                struct tss_error *error)
{
  char path[sizeof "/proc/self/fd//" + 3 * sizeof (int) + NAME_MAX];
  const char *name;
  const void *value;
  size_t size;

  if (archive_entry_xattr_reset (entry) == 0)
    return 0;
  snprintf (path, sizeof path, "/proc/self/fd/%d/%s", place->parent, place->name);
  while (archive_entry_xattr_next (entry, &name, &value, &size) == ARCHIVE_OK)
    {
      if (!is_refused (place, name) && lsetxattr (path, name, value, size, 0) == 0)
        continue;
      if (!is_refused (place, name) && !can_skip_attribute (name, errno))
        return tss_error_set (error, TSS_ERROR_IO, errno, place->path, "set attribute %s of %s", name, place->path);
      counts->skipped_xattrs++;
    }
  return 0;
}

int
layer_set_metadata (int fd, const struct layer_place *place, struct archive_entry *entry,
                    struct layer_entry_counts *counts, struct tss_error *error)
{
  if (fchown (fd, (uid_t)archive_entry_uid (entry), (gid_t)archive_entry_gid (entry)) < 0)
    return entry_failure (place, "set the owner of", error);
  if (fchmod (fd, mode_of (place, entry)) < 0)
    return entry_failure (place, "set the mode of", error);
  return set_attributes (place, entry, counts, error);
}

static int
write_block (int fd, const unsigned char *block, size_t size, off_t offset)
{
  while (size > 0)
    {
      ssize_t written = TSS_RETRY (pwrite (fd, block, size, offset));

      if (written < 0)
        return -1;
      block += written;
      size -= (size_t)written;
      offset += written;
    }
  return 0;
}

/* Copies the data blocks, which libarchive gives with their offsets, so that holes stay holes. */
static int
write_data (int fd, const struct layer_place *place, struct archive *archive, struct archive_entry *entry,
            struct layer_entry_counts *counts, struct tss_error *error)
{
  off_t end = 0;

  for (;;)
    {
      const void *block;
      size_t size;
      off_t offset;
      int status = archive_read_data_block (archive, &block, &size, &offset);

      if (status == ARCHIVE_EOF)
        break;
      if (status != ARCHIVE_OK)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, place->path, "read %s: %s", place->path,
                              archive_error_string (archive));
      if (write_block (fd, block, size, offset) < 0)
        return entry_failure (place, "write", error);
      counts->bytes += size;
      end = offset + (off_t)size;
    }
  if (end < archive_entry_size (entry) && ftruncate (fd, archive_entry_size (entry)) < 0)
    return entry_failure (place, "write", error);
  return 0;
}

int
layer_write_file (const struct layer_place *place, struct archive *archive, struct archive_entry *entry,
                  struct layer_entry_counts *counts, struct tss_error *error)
{
  struct timespec times[2];
  tss_autofd int fd
      = openat (place->parent, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

  if (fd < 0)
    return entry_failure (place, "make file", error);
  if (write_data (fd, place, archive, entry, counts, error) < 0
      || layer_set_metadata (fd, place, entry, counts, error) < 0)
    return -1;
  layer_entry_times (entry, times);
  if (futimens (fd, times) < 0)
    return entry_failure (place, "set the times of", error);
  return 0;
}

static int
make_node (const struct layer_place *place, struct archive_entry *entry)
{
  mode_t type = archive_entry_filetype (entry);

  if (type == AE_IFLNK)
    {
      const char *target = archive_entry_symlink (entry);

      /* libarchive 3.6 loses a target that stands in the pax header only; no link has an empty one (ENOENT). */
      return symlinkat (target ? target : "", place->parent, place->name);
    }
  /* umask is 0 in this program. */
  return mknodat (place->parent, place->name, type | mode_of (place, entry), archive_entry_rdev (entry));
}

int
layer_make_special (const struct layer_place *place, struct archive_entry *entry, struct layer_entry_counts *counts,
                    struct tss_error *error)
{
  struct timespec times[2];

  if (make_node (place, entry) < 0)
    return entry_failure (place, "make", error);
  if (fchownat (place->parent, place->name, (uid_t)archive_entry_uid (entry), (gid_t)archive_entry_gid (entry),
                AT_SYMLINK_NOFOLLOW)
      < 0)
    return entry_failure (place, "set the owner of", error);
  /* chown clears setuid and setgid bits; a symbolic link has no mode of its own. A container may have put one here by
   * now, and what that leads to is the host's. */
  if (archive_entry_filetype (entry) != AE_IFLNK
      && fchmodat (place->parent, place->name, mode_of (place, entry), AT_SYMLINK_NOFOLLOW) < 0)
    return entry_failure (place, "set the mode of", error);
  if (set_attributes (place, entry, counts, error) < 0)
    return -1;
  layer_entry_times (entry, times);
  if (utimensat (place->parent, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
    return entry_failure (place, "set the times of", error);
  return 0;
}
