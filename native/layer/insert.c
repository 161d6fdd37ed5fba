/* Unpacking an archive into a directory that somebody else may be changing.
 *
 * The kernel resolves each directory of an entry's path anew from the root, in the root; the last component is never
 * followed. Whatever the archive or the container does with links meanwhile, nothing is made outside of the root. */
#include "insert.h"

#include "../common/cleanup.h"
#include "directory-times.h"
#include "entry.h"
#include "resolve.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  INPUT_BLOCK_SIZE = 256 * 1024
};

struct inserting
{
  struct layer_tree tree;
  struct layer_directory_times times;
  struct layer_entry_counts counts;
  struct archive *archive;
  const struct layer_insert *wanted;
};

static int
archive_failure (struct inserting *inserting, struct tss_error *error)
{
  const char *text = archive_error_string (inserting->archive);

  return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "read the archive: %s", text ? text : "damaged data");
}

/* The kernel refuses that only to processes that have the mount in their own namespace; for this one it would unmount
 * what the container has there. */
static bool
is_mounted (const struct layer_place *place)
{
  struct statx status;

  return statx (place->parent, place->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &status) == 0
         && status.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* Makes room for what is no directory. */
static int
clear_place (const struct layer_place *place, struct tss_error *error)
{
  struct stat status;

  if (is_mounted (place) && fstatat (place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && !S_ISDIR (status.st_mode))
    return tss_error_set (error, TSS_ERROR_STATE, EBUSY, place->path, "replace %s", place->path);
  if (unlinkat (place->parent, place->name, 0) == 0 || errno == ENOENT)
    return 0;
  if (errno == EISDIR)
    return tss_error_set (error, TSS_ERROR_EXISTS, errno, place->path, "replace the directory %s by a file",
                          place->path);
  return tss_error_set (error, TSS_ERROR_IO, errno, place->path, "replace %s", place->path);
}

static int
insert_directory (struct inserting *inserting, const struct layer_place *place, struct archive_entry *entry,
                  struct tss_error *error)
{
  struct timespec times[2];
  tss_autofd int directory = -1;

  if (mkdirat (place->parent, place->name, S_IRWXU) < 0 && errno != EEXIST)
    return tss_error_set (error, TSS_ERROR_IO, errno, place->path, "make directory %s", place->path);
  directory = openat (place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0 && (errno == ENOTDIR || errno == ELOOP))
    return tss_error_set (error, TSS_ERROR_EXISTS, errno, place->path, "replace %s by a directory", place->path);
  if (directory < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, place->path, "open directory %s", place->path);
  if (layer_set_metadata (directory, place, entry, &inserting->counts, error) < 0)
    return -1;
  layer_entry_times (entry, times);
  return layer_directory_times_add (&inserting->times, place->path, times, error);
}

/* What the container sends onto a host has no say in where it goes. */
static bool
is_wanted (const struct layer_insert *wanted, const char *path)
{
  size_t size = wanted->only ? strlen (wanted->only) : 0;

  return !wanted->only || strcmp (wanted->only, ".") == 0
         || (strncmp (path, wanted->only, size) == 0 && (path[size] == '\0' || path[size] == '/'));
}

/* The path of an entry as the root sees it; the caller frees it. */
static char *
place_path (const struct inserting *inserting, const char *name, struct tss_error *error)
{
  tss_autofree char *clean = layer_tree_clean_path (name, error);
  const char *directory = inserting->wanted->directory;
  char *path = NULL;

  if (clean && !is_wanted (inserting->wanted, clean))
    {
      tss_error_set (error, TSS_ERROR_INVALID, 0, name, "the archive has %s, which was not asked for", name);
      return NULL;
    }
  if (clean && asprintf (&path, *directory && *clean ? "%s/%s" : "%s%s", directory, clean) < 0)
    {
      tss_error_set (error, TSS_ERROR_INTERNAL, errno, name, "read entry %s", name);
      return NULL;
    }
  return path;
}

/* Opens the directory of PATH for the caller. Missing ones are made in a container alone, for archives of others. */
static int
open_parent (struct inserting *inserting, const char *path, const char **name, struct tss_error *error)
{
  const char *slash = strrchr (path, '/');
  tss_autofree char *parent = strndup (path, slash ? (size_t)(slash - path) : 0);
  int directory;

  if (inserting->wanted->follows_links)
    {
      directory = layer_tree_open_parent (&inserting->tree, path, name, error);
      return directory < 0 ? -1 : fcntl (directory, F_DUPFD_CLOEXEC, 0);
    }
  *name = slash ? slash + 1 : path;
  directory = parent ? layer_open_unlinked (inserting->tree.root, parent) : -1;
  if (directory < 0)
    return tss_error_set (error, errno == ELOOP ? TSS_ERROR_INVALID : TSS_ERROR_IO, errno, path,
                          "open the directory of %s", path);
  return directory;
}

static int
insert_link (struct inserting *inserting, const struct layer_place *place, const char *target, struct tss_error *error)
{
  const char *name;
  tss_autofree char *path = place_path (inserting, target, error);
  tss_autofd int parent = path ? open_parent (inserting, path, &name, error) : -1;

  if (parent < 0)
    return -1;
  if (linkat (parent, name, place->parent, place->name, 0) < 0)
    return tss_error_set (error, errno == EEXIST ? TSS_ERROR_EXISTS : TSS_ERROR_INVALID, errno, place->path,
                          "link %s to %s", place->path, target);
  return 0;
}

static int
make_object (struct inserting *inserting, const struct layer_place *place, struct archive_entry *entry,
             struct tss_error *error)
{
  switch (archive_entry_filetype (entry))
    {
    case AE_IFREG:
      return layer_write_file (place, inserting->archive, entry, &inserting->counts, error);
    case AE_IFLNK:
    case AE_IFCHR:
    case AE_IFBLK:
    case AE_IFIFO:
      return layer_make_special (place, entry, &inserting->counts, error);
    default:
      return tss_error_set (error, TSS_ERROR_INVALID, 0, place->path, "entry %s is of an unknown kind", place->path);
    }
}

/* A file of the container may appear between the two steps: then the second one says that it exists. */
static int
insert_object (struct inserting *inserting, const struct layer_place *place, struct archive_entry *entry,
               struct tss_error *error)
{
  const char *link = archive_entry_hardlink (entry);

  /* The path of the last parent may lead through the link that is replaced. */
  layer_tree_forget_parent (&inserting->tree);
  if (clear_place (place, error) < 0)
    return -1;
  return link ? insert_link (inserting, place, link, error) : make_object (inserting, place, entry, error);
}

static int
insert_entry (struct inserting *inserting, struct archive_entry *entry, struct tss_error *error)
{
  const char *name = archive_entry_pathname (entry);
  const char *directory = inserting->wanted->directory;
  bool is_directory = archive_entry_filetype (entry) == AE_IFDIR && !archive_entry_hardlink (entry);
  tss_autofree char *path = NULL;
  tss_autofd int parent = -1;
  struct layer_place place;

  if (!name)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "read the archive: an entry has no readable name");
  path = place_path (inserting, name, error);
  if (!path)
    return -1;
  /* The directory itself was there before and stays as it is. */
  if (strcmp (path, directory) == 0)
    return is_directory ? 0 : tss_error_set (error, TSS_ERROR_INVALID, 0, "", "an entry of the archive has no name");
  place = (struct layer_place){ .path = path, .drops_rights = inserting->wanted->drops_rights };
  parent = place.parent = open_parent (inserting, path, &place.name, error);
  if (parent < 0)
    return -1;
  if (!inserting->wanted->keep_owners)
    {
      archive_entry_set_uid (entry, geteuid ());
      archive_entry_set_gid (entry, getegid ());
    }
  return is_directory ? insert_directory (inserting, &place, entry, error)
                      : insert_object (inserting, &place, entry, error);
}

/* Only the listed filters: libarchive's others may start programs of the host. */
static int
open_archive (struct inserting *inserting, int fd, struct tss_error *error)
{
  struct archive *archive = inserting->archive = archive_read_new ();

  if (!archive)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "read the archive");
  if (archive_read_support_filter_gzip (archive) < ARCHIVE_WARN
      || archive_read_support_filter_zstd (archive) < ARCHIVE_WARN
      || archive_read_support_filter_xz (archive) < ARCHIVE_WARN
      || archive_read_support_filter_bzip2 (archive) < ARCHIVE_WARN
      || archive_read_support_format_tar (archive) < ARCHIVE_WARN || archive_read_support_format_empty (archive)
      || archive_read_open_fd (archive, fd, INPUT_BLOCK_SIZE))
    return archive_failure (inserting, error);
  return 0;
}

static int
insert_all (struct inserting *inserting, uint64_t *entries, struct tss_error *error)
{
  struct archive_entry *entry;
  int status;

  while ((status = archive_read_next_header (inserting->archive, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN)
    {
      if (insert_entry (inserting, entry, error) < 0)
        return -1;
      (*entries)++;
    }
  if (status != ARCHIVE_EOF)
    return archive_failure (inserting, error);
  return layer_directory_times_apply (&inserting->times, &inserting->tree, error);
}

static int
check_directory (int root, const char *path, struct tss_error *error)
{
  tss_autofd int directory = layer_open_in_root (root, path, O_PATH | O_DIRECTORY);

  if (directory >= 0)
    return 0;
  return tss_error_set (error,
                        errno == ENOENT    ? TSS_ERROR_NOT_FOUND
                        : errno == ENOTDIR ? TSS_ERROR_STATE
                                           : TSS_ERROR_IO,
                        errno, path, "open directory /%s", path);
}

int
layer_insert (int root, const struct layer_insert *wanted, int fd, uint64_t *entries, struct tss_error *error)
{
  struct inserting inserting = { .tree = { .root = root, .parent = -1 }, .wanted = wanted };
  int status = check_directory (root, wanted->directory, error);

  if (status == 0)
    status = open_archive (&inserting, fd, error);
  if (status == 0)
    status = insert_all (&inserting, entries, error);
  archive_read_free (inserting.archive);
  layer_directory_times_free (&inserting.times);
  inserting.tree.root = -1; /* the caller's */
  layer_tree_close (&inserting.tree);
  return status;
}
