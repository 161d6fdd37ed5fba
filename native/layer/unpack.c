/* Unpacking one layer archive into a new directory.
 *
 * A deleted name (".wh.NAME" in the archive) becomes the overlay's mark. The marks concern lower layers only, so an
 * entry of the same name in the same layer stays; when that entry is a directory it becomes opaque, whichever of the
 * two comes first. */
#include "unpack.h"

#include "../common/cleanup.h"
#include "directory-times.h"
#include "remove.h"
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_MARK ".wh..wh..opq"
/* Other names of this form are the old aufs driver's bookkeeping. */
#define AUFS_PREFIX ".wh..wh."

struct unpacking
{
  struct layer_tree tree;
  struct layer_stream *stream;
  struct archive *archive;
  struct layer_directory_times times;
  struct layer_unpack_result *result;
  struct tss_error stream_error;
};

static bool
has_prefix (const char *text, const char *prefix)
{
  return strncmp (text, prefix, strlen (prefix)) == 0;
}

static int
entry_failure (const char *path, const char *what, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_IO, errno, path, "%s %s", what, path);
}

static int
open_directory (const struct layer_place *place, struct tss_error *error)
{
  int fd = openat (place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  return fd < 0 ? entry_failure (place->path, "open directory", error) : fd;
}

/* Removes what an earlier entry of this layer has put at the place. */
static int
clear_place (struct unpacking *unpacking, const struct layer_place *place, struct tss_error *error)
{
  layer_tree_forget_parent (&unpacking->tree);
  return layer_remove (place->parent, place->name, error);
}

/* The directory of the mark is not to show what lower layers have in it. */
static int
apply_opaque_mark (const struct layer_place *mark, struct tss_error *error)
{
  tss_autofd int directory = openat (mark->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (directory < 0)
    return entry_failure (mark->path, "open the directory of", error);
  return layer_set_opaque (directory, mark->path, error);
}

static int
apply_whiteout (const struct layer_place *mark, struct tss_error *error)
{
  struct layer_place place
      = { .parent = mark->parent, .name = mark->name + strlen (WHITEOUT_PREFIX), .path = mark->path };
  struct stat status;
  tss_autofd int directory = -1;

  if (strcmp (mark->name, OPAQUE_MARK) == 0)
    return apply_opaque_mark (mark, error);
  if (has_prefix (mark->name, AUFS_PREFIX))
    return 0;
  if (*place.name == '\0' || strcmp (place.name, ".") == 0 || strcmp (place.name, "..") == 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, mark->path, "entry %s deletes no name", mark->path);
  if (mknodat (place.parent, place.name, S_IFCHR, makedev (0, 0)) == 0)
    return 0;
  if (errno != EEXIST || fstatat (place.parent, place.name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return entry_failure (mark->path, "mark as deleted", error);
  if (!S_ISDIR (status.st_mode))
    return 0;
  directory = open_directory (&place, error);
  return directory < 0 ? -1 : layer_set_opaque (directory, place.path, error);
}

/* Makes the directory unless it exists. Sets *OPAQUE when it takes the place of a deleted name. */
static int
make_directory (struct unpacking *unpacking, const struct layer_place *place, bool *opaque, struct tss_error *error)
{
  struct stat status;

  if (mkdirat (place->parent, place->name, S_IRWXU) == 0)
    return 0;
  if (errno != EEXIST || fstatat (place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return entry_failure (place->path, "make directory", error);
  if (S_ISDIR (status.st_mode))
    return 0;
  *opaque = layer_is_whiteout (&status);
  if (clear_place (unpacking, place, error) < 0)
    return -1;
  if (mkdirat (place->parent, place->name, S_IRWXU) < 0)
    return entry_failure (place->path, "make directory", error);
  return 0;
}

static int
unpack_directory (struct unpacking *unpacking, const struct layer_place *place, struct archive_entry *entry,
                  struct tss_error *error)
{
  struct timespec times[2];
  bool opaque = false;
  tss_autofd int directory = -1;

  if (make_directory (unpacking, place, &opaque, error) < 0)
    return -1;
  directory = open_directory (place, error);
  if (directory < 0 || layer_set_metadata (directory, place, entry, &unpacking->result->counts, error) < 0
      || (opaque && layer_set_opaque (directory, place->path, error) < 0))
    return -1;
  layer_entry_times (entry, times);
  return layer_directory_times_add (&unpacking->times, place->path, times, error);
}

/* The metadata of the entry is that of its target, so nothing is set: a chown would clear file capabilities. */
static int
make_hard_link (struct unpacking *unpacking, const struct layer_place *place, const char *target_path,
                struct tss_error *error)
{
  const char *name;
  tss_autofree char *clean = layer_tree_clean_path (target_path, error);
  tss_autofd int parent = clean ? layer_tree_find_parent (&unpacking->tree, clean, &name, error) : -1;

  if (parent < 0 && error->code == TSS_ERROR_NOT_FOUND)
    return tss_error_set (error, TSS_ERROR_INVALID, ENOENT, place->path, "link %s to %s", place->path, target_path);
  if (parent < 0)
    return -1;
  if (linkat (parent, name, place->parent, place->name, 0) < 0)
    return tss_error_set (error, errno == EEXIST ? TSS_ERROR_EXISTS : TSS_ERROR_INVALID, errno, place->path,
                          "link %s to %s", place->path, target_path);
  return 0;
}

static int
make_object (struct unpacking *unpacking, const struct layer_place *place, struct archive_entry *entry,
             struct tss_error *error)
{
  struct layer_entry_counts *counts = &unpacking->result->counts;
  const char *hard_link = archive_entry_hardlink (entry);

  if (hard_link)
    return make_hard_link (unpacking, place, hard_link, error);
  switch (archive_entry_filetype (entry))
    {
    case AE_IFREG:
      return layer_write_file (place, unpacking->archive, entry, counts, error);
    case AE_IFLNK:
    case AE_IFCHR:
    case AE_IFBLK:
    case AE_IFIFO:
      return layer_make_special (place, entry, counts, error);
    default:
      return tss_error_set (error, TSS_ERROR_INVALID, 0, place->path, "entry %s is of an unknown kind", place->path);
    }
}

/* A later entry replaces an earlier one of the same name, as with tar. A hard link to itself must not lose the file. */
static int
unpack_object (struct unpacking *unpacking, const struct layer_place *place, struct archive_entry *entry,
               struct tss_error *error)
{
  const char *hard_link = archive_entry_hardlink (entry);

  if (make_object (unpacking, place, entry, error) == 0)
    return 0;
  if (error->code != TSS_ERROR_EXISTS)
    return -1;
  if (hard_link)
    {
      tss_autofree char *clean = layer_tree_clean_path (hard_link, error);

      if (clean && strcmp (clean, place->path) == 0)
        return 0;
    }
  *error = (struct tss_error){ 0 };
  if (clear_place (unpacking, place, error) < 0)
    return -1;
  return make_object (unpacking, place, entry, error);
}

static int
unpack_entry (struct unpacking *unpacking, struct archive_entry *entry, struct tss_error *error)
{
  const char *name = archive_entry_pathname (entry);
  tss_autofree char *path = NULL;
  struct layer_place place;

  if (!name)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "read layer archive: an entry has no readable name");
  path = layer_tree_clean_path (name, error);
  if (!path)
    return -1;
  place = (struct layer_place){ .path = path };
  place.parent = layer_tree_open_parent (&unpacking->tree, path, &place.name, error);
  if (place.parent < 0)
    return -1;
  if (*place.name == '\0')
    place.name = ".";
  if (has_prefix (place.name, WHITEOUT_PREFIX))
    return apply_whiteout (&place, error);
  if (archive_entry_filetype (entry) == AE_IFDIR && !archive_entry_hardlink (entry))
    return unpack_directory (unpacking, &place, entry, error);
  if (*path == '\0')
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "the root of the layer is no directory");
  return unpack_object (unpacking, &place, entry, error);
}

/* libarchive's read callback: hands on the blocks of the decompressed stream without copying. */
static la_ssize_t
read_stream (struct archive *archive, void *data, const void **block)
{
  struct unpacking *unpacking = data;
  ssize_t size = layer_stream_read (unpacking->stream, block, &unpacking->stream_error);

  if (size < 0)
    archive_set_error (archive, EIO, "%s", unpacking->stream_error.message);
  return size;
}

static int
archive_failure (const struct unpacking *unpacking, struct tss_error *error)
{
  const char *text = archive_error_string (unpacking->archive);

  if (unpacking->stream_error.code != TSS_ERROR_NONE)
    {
      *error = unpacking->stream_error;
      return -1;
    }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "read layer archive: %s", text ? text : "no tar archive");
}

static int
unpack_entries (struct unpacking *unpacking, struct tss_error *error)
{
  struct archive *archive = unpacking->archive;

  if (archive_read_support_format_tar (archive) || archive_read_support_format_empty (archive)
      || archive_read_open (archive, unpacking, NULL, read_stream, NULL))
    return archive_failure (unpacking, error);
  for (;;)
    {
      struct archive_entry *entry;
      int status = archive_read_next_header (archive, &entry);

      if (status == ARCHIVE_EOF)
        return 0;
      /* A warning is about a name that is no UTF-8; it comes through byte by byte all the same. */
      if (status < ARCHIVE_WARN)
        return archive_failure (unpacking, error);
      if (unpack_entry (unpacking, entry, error) < 0)
        return unpacking->stream_error.code != TSS_ERROR_NONE ? archive_failure (unpacking, error) : -1;
      unpacking->result->entries++;
    }
}

static int
check_digest (struct unpacking *unpacking, const char *expected, struct tss_error *error)
{
  char *digest = unpacking->result->diff_id;

  if (layer_stream_finish (unpacking->stream, digest, error) < 0)
    return -1;
  unpacking->result->archive_bytes = layer_stream_size (unpacking->stream);
  if (expected && strcmp (digest, expected) != 0)
    return tss_error_set (error, TSS_ERROR_INVALID, EBADMSG, "diffId", "layer has the digest %s, expected %s", digest,
                          expected);
  return 0;
}

static int
compare_paths (const void *left, const void *right)
{
  return strcmp (*(char *const *)left, *(char *const *)right);
}

/* A later entry may have put something else in its place. */
static bool
is_directory (const struct layer_tree *tree, const char *path)
{
  tss_autofd int directory = layer_open_in_root (tree->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);

  return directory >= 0;
}

/* Which of the directories that were made on the way got no entry of their own later. */
static int
list_implicit (struct unpacking *unpacking, struct tss_error *error)
{
  const struct layer_path_list *made = &unpacking->tree.implicit, *described = &unpacking->times.paths;
  size_t size = described->count * sizeof *described->paths;
  tss_autofree char **sorted = malloc (size + 1);

  if (!sorted)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "list the directories of the layer");
  if (size > 0)
    memcpy (sorted, described->paths, size);
  qsort (sorted, described->count, sizeof *sorted, compare_paths);
  for (size_t i = 0; i < made->count; i++)
    if (!bsearch (&made->paths[i], sorted, described->count, sizeof *sorted, compare_paths)
        && is_directory (&unpacking->tree, made->paths[i])
        && layer_path_list_add (&unpacking->result->implicit, made->paths[i], error) < 0)
      return -1;
  return 0;
}

static int
run (struct unpacking *unpacking, int fd, const char *directory, const struct layer_expectation *expected,
     struct tss_error *error)
{
  if (layer_tree_open (&unpacking->tree, directory, error) < 0)
    return -1;
  unpacking->archive = archive_read_new ();
  unpacking->stream = layer_stream_start (fd, expected->max_bytes, error);
  if (!unpacking->archive || !unpacking->stream)
    return unpacking->stream ? tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "read layer archive") : -1;
  if (unpack_entries (unpacking, error) < 0 || check_digest (unpacking, expected->diff_id, error) < 0)
    return -1;
  if (layer_directory_times_apply (&unpacking->times, &unpacking->tree, error) < 0)
    return -1;
  return list_implicit (unpacking, error);
}

/* Tells the file system that the directories in the one that holds DIRECTORY have nothing to do with each other (chattr
 * +T). Otherwise ext4 puts a new layer where the last one was removed, and for minutes after a removal it looks at
 * every removed inode again for each file that it makes: the unpacking of 250 MB took three times as long. File systems
 * that do not know the flag do not need it. */
static void
spread_layers (const char *directory)
{
  tss_autofree char *copy = strdup (directory);
  tss_autofd int parent = copy ? open (dirname (copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  int flags;

  if (parent < 0 || ioctl (parent, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL))
    return;
  flags |= FS_TOPDIR_FL;
  ioctl (parent, FS_IOC_SETFLAGS, &flags);
}

int
layer_unpack (int fd, const char *directory, const struct layer_expectation *expected,
              struct layer_unpack_result *result, struct tss_error *error)
{
  struct unpacking unpacking = { .tree = { .root = -1, .parent = -1 }, .result = result };
  int status;

  spread_layers (directory);
  if (mkdir (directory, 0755) < 0)
    return tss_error_set (error, errno == EEXIST ? TSS_ERROR_EXISTS : TSS_ERROR_IO, errno, directory,
                          "make directory %s", directory);
  status = run (&unpacking, fd, directory, expected, error);
  archive_read_free (unpacking.archive);
  layer_stream_free (unpacking.stream);
  layer_directory_times_free (&unpacking.times);
  layer_tree_close (&unpacking.tree);
  if (status < 0)
    {
      struct tss_error removal = { 0 };

      layer_remove (AT_FDCWD, directory, &removal); /* what is left is told by the first error well enough */
    }
  return status;
}
