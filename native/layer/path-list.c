/* A growing list of path names. */
#include "path-list.h"

#include <stdlib.h>
#include <string.h>

int
layer_path_list_add (struct layer_path_list *list, const char *path)
{
  if (list->count == list->capacity)
    {
      size_t capacity = list->capacity ? 2 * list->capacity : 16;
      char **paths = reallocarray (list->paths, capacity, sizeof *paths);

      if (!paths)
        return -1;
      list->paths = paths;
      list->capacity = capacity;
    }
  list->paths[list->count] = strdup (path);
  if (!list->paths[list->count])
    return -1;
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
