/* The directory into which a layer is unpacked. */
#include "tree.h"

#include "../common/cleanup.h"
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* As many symbolic links as the kernel follows in one path. */
enum
{
  MAX_LINKS = 40
};

int
layer_tree_open (struct layer_tree *tree, const char *path, struct tss_error *error)
{
  *tree = (struct layer_tree){ .root = -1, .parent = -1 };
  tree->root = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tree->root < 0)
    return tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "open directory %s",
                          path);
  return 0;
}

void
layer_tree_close (struct layer_tree *tree)
{
  layer_tree_forget_parent (tree);
  tss_close (&tree->parent);
  layer_path_list_free (&tree->implicit);
  tss_close (&tree->root);
}

void
layer_tree_forget_parent (struct layer_tree *tree)
{
  free (tree->parent_path);
  tree->parent_path = NULL;
}

/* Drops the last component of the clean path of *LENGTH bytes in PATH. */
static void
drop_last_component (char *path, size_t *length)
{
  while (*length > 0 && path[*length - 1] != '/')
    --*length;
  if (*length > 0)
    --*length;
  path[*length] = '\0';
}

/* Appends the components of MORE to the clean PATH, whose buffer is large enough. Returns false when ".." climbs above
 * the root; the path then stays at the root, as a lookup would. */
static bool
append_components (char *path, size_t *length, const char *more)
{
  bool inside = true;

  while (*more)
    {
      size_t size = strcspn (more, "/");

      if (size == 2 && strncmp (more, "..", 2) == 0)
        {
          inside = inside && *length > 0;
          drop_last_component (path, length);
        }
      else if (size > 0 && !(size == 1 && *more == '.'))
        {
          if (*length > 0)
            path[(*length)++] = '/';
          memcpy (path + *length, more, size);
          *length += size;
        }
      more += size + (more[size] == '/');
    }
  path[*length] = '\0';
  return inside;
}

char *
layer_tree_clean_path (const char *path, struct tss_error *error)
{
  char *clean = malloc (strlen (path) + 1);
  size_t length = 0;

  if (!clean)
    tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "read entry %s", path);
  else if (!append_components (clean, &length, path))
    {
      tss_error_set (error, TSS_ERROR_INVALID, 0, path, "entry %s lies outside of the layer", path);
      free (clean);
      clean = NULL;
    }
  return clean;
}

bool
layer_is_whiteout (const struct stat *status)
{
  return S_ISCHR (status->st_mode) && status->st_rdev == makedev (0, 0);
}

int
layer_set_opaque (int directory, const char *path, struct tss_error *error)
{
  if (fsetxattr (directory, "trusted.overlay.opaque", "y", 1, 0) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "mark directory %s as opaque", path);
  return 0;
}

static int make_directories (struct layer_tree *tree, const char *path, int links, struct tss_error *error);

/* Turns the mark of a deleted name into the new directory of that name, which hides the deleted one. */
static int
replace_whiteout (int parent, const char *name, const char *path, struct tss_error *error)
{
  tss_autofd int directory = -1;

  if (unlinkat (parent, name, 0) < 0 || mkdirat (parent, name, 0755) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "make directory %s", path);
  directory = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open directory %s", path);
  return layer_set_opaque (directory, path, error);
}

/* Makes the directories that the symbolic link NAME in the directory PARENT_PATH points to. */
static int
make_link_target (struct layer_tree *tree, int parent, const char *parent_path, const char *name, int links,
                  struct tss_error *error)
{
  char target[PATH_MAX], path[2 * PATH_MAX];
  ssize_t size = readlinkat (parent, name, target, sizeof target - 1);
  size_t length = 0;

  if (size < 0 || links >= MAX_LINKS)
    return tss_error_set (error, TSS_ERROR_INVALID, size < 0 ? errno : ELOOP, name, "follow link %s", name);
  target[size] = '\0';
  if (target[0] != '/')
    append_components (path, &length, parent_path);
  append_components (path, &length, target);
  return make_directories (tree, path, links + 1, error);
}

/* Makes one directory that could not be opened as one. */
static int
make_directory (struct layer_tree *tree, int parent, const char *parent_path, const char *name, const char *path,
                int links, struct tss_error *error)
{
  struct stat status;

  if (mkdirat (parent, name, 0755) == 0)
    return layer_path_list_add (&tree->implicit, path, error);
  if (errno != EEXIST || fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "make directory %s", path);
  if (S_ISLNK (status.st_mode))
    return make_link_target (tree, parent, parent_path, name, links, error);
  if (layer_is_whiteout (&status))
    return replace_whiteout (parent, name, path, error);
  return tss_error_set (error, TSS_ERROR_INVALID, ENOTDIR, path, "make directory %s", path);
}

static int
make_directories (struct layer_tree *tree, const char *path, int links, struct tss_error *error)
{
  tss_autofree char *prefix = strdup (path);
  tss_autofree char *parent_path = strdup ("");
  tss_autofd int parent = layer_open_in_root (tree->root, "", O_PATH | O_DIRECTORY);

  if (!prefix || !parent_path || parent < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "make directory %s", path);
  for (char *name = prefix, *end; *name; name = end)
    {
      int directory;
      char slash;

      end = name + strcspn (name, "/");
      slash = *end;
      *end = '\0';
      directory = layer_open_in_root (tree->root, prefix, O_PATH | O_DIRECTORY);
      if (directory < 0)
        {
          if (make_directory (tree, parent, parent_path, name, prefix, links, error) < 0)
            return -1;
          directory = layer_open_in_root (tree->root, prefix, O_PATH | O_DIRECTORY);
        }
      if (directory < 0)
        return tss_error_set (error, TSS_ERROR_IO, errno, prefix, "open directory %s", prefix);
      tss_close (&parent);
      parent = directory;
      free (parent_path);
      parent_path = strdup (prefix);
      if (!parent_path)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "make directory %s", path);
      *end = slash;
      end += slash == '/';
    }
  return 0;
}

/* Splits a clean path into the directory (copied) and the last component (borrowed). */
static char *
split_path (const char *path, const char **name)
{
  const char *slash = strrchr (path, '/');

  *name = slash ? slash + 1 : path;
  return strndup (path, slash ? (size_t)(slash - path) : 0);
}

int
layer_tree_open_parent (struct layer_tree *tree, const char *path, const char **name, struct tss_error *error)
{
  tss_autofree char *parent = split_path (path, name);

  if (!parent)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "open the directory of %s", path);
  if (tree->parent_path && strcmp (tree->parent_path, parent) == 0)
    return tree->parent;
  layer_tree_forget_parent (tree);
  tss_close (&tree->parent);
  tree->parent = layer_open_in_root (tree->root, parent, O_PATH | O_DIRECTORY);
  if (tree->parent < 0 && (errno == ENOENT || errno == ENOTDIR))
    {
      if (make_directories (tree, parent, 0, error) < 0)
        return -1;
      tree->parent = layer_open_in_root (tree->root, parent, O_PATH | O_DIRECTORY);
    }
  if (tree->parent < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open the directory of %s", path);
  tree->parent_path = tss_steal_pointer (&parent);
  return tree->parent;
}

int
layer_tree_find_parent (const struct layer_tree *tree, const char *path, const char **name, struct tss_error *error)
{
  tss_autofree char *parent = split_path (path, name);
  int directory = parent ? layer_open_in_root (tree->root, parent, O_PATH | O_DIRECTORY) : -1;

  if (directory < 0)
    return tss_error_set (error, errno == ENOENT || errno == ENOTDIR ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path,
                          "find %s", path);
  return directory;
}
