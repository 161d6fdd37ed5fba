/* A growing list of path names. */
#ifndef TSSTACK_LAYER_PATH_LIST_H
#define TSSTACK_LAYER_PATH_LIST_H

#include <stddef.h>

struct layer_path_list
{
  char **paths;
  size_t count, capacity;
};

/* Appends a copy. Returns -1 with errno when there is no memory. */
int layer_path_list_add (struct layer_path_list *list, const char *path);
void layer_path_list_free (struct layer_path_list *list);

#endif
