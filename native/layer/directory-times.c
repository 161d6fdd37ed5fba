/* Times of directories, which are set after everything else. */
#include "directory-times.h"

#include "../common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int
layer_directory_times_add (struct layer_directory_times *list, const char *path, const struct timespec times[2],
                           struct tss_error *error)
{
  if (list->capacity == list->paths.count)
    {
      size_t capacity = list->capacity ? 2 * list->capacity : 64;
      struct timespec (*grown)[2] = reallocarray (list->times, capacity, sizeof *grown);

      if (!grown)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "remember the times of %s", path);
      list->times = grown;
      list->capacity = capacity;
    }
  memcpy (list->times[list->paths.count], times, sizeof list->times[0]);
  return layer_path_list_add (&list->paths, path, error);
}

static int
apply_one (const struct layer_tree *tree, const char *path, const struct timespec times[2], struct tss_error *error)
{
  const char *name;
  struct stat status;
  tss_autofd int parent = layer_tree_find_parent (tree, path, &name, error);

  if (parent < 0)
    return error->code == TSS_ERROR_NOT_FOUND ? 0 : -1;
  if (*name == '\0')
    name = ".";
  if (fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR (status.st_mode))
    return 0;
  if (utimensat (parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "set the times of %s", path);
  return 0;
}

int
layer_directory_times_apply (const struct layer_directory_times *list, const struct layer_tree *tree,
                             struct tss_error *error)
{
  for (size_t i = 0; i < list->paths.count; i++)
    if (apply_one (tree, list->paths.paths[i], list->times[i], error) < 0)
      return -1;
  return 0;
}

void
layer_directory_times_free (struct layer_directory_times *list)
{
  layer_path_list_free (&list->paths);
  free (list->times);
}
