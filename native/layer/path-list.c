/* A growing list of path names. */
#include "path-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum
{
  /* Names of a million directories. An archive can name one of them again and again, and is by far smaller when it is
   * compressed than what has to be remembered of it. */
  BYTES_MAX = 128 * 1024 * 1024,
  /* What a name takes beside its text. */
  OVERHEAD = 64,
};

static int
grow (struct layer_path_list *list)
{
  size_t capacity = list->capacity ? 2 * list->capacity : 16;
  char **paths = list->count < list->capacity ? list->paths : reallocarray (list->paths, capacity, sizeof *paths);

  if (!paths)
    return -1;
  if (list->count == list->capacity)
    list->capacity = capacity;
  list->paths = paths;
  return 0;
}

int
layer_path_list_add (struct layer_path_list *list, const char *path, struct tss_error *error)
{
  list->bytes += OVERHEAD + strlen (path);
  if (list->bytes > BYTES_MAX)
    return tss_error_set (error, TSS_ERROR_INVALID, E2BIG, path, "remember directory %s: the layer has too many", path);
  if (grow (list) < 0 || !(list->paths[list->count] = strdup (path)))
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, path, "remember directory %s", path);
  list->count++;
  return 0;
}

void
layer_path_list_free (struct layer_path_list *list)
{
  for (size_t i = 0; i < list->count; i++)
    free (list->paths[i]);
  free (list->paths);
  *list = (struct layer_path_list){ 0 };
}
