/* A growing list of path names. */
#ifndef TSSTACK_LAYER_PATH_LIST_H
#define TSSTACK_LAYER_PATH_LIST_H

#include "../common/error.h"

#include <stddef.h>

struct layer_path_list
{
  char **paths;
  size_t count, capacity, bytes;
};

/* Appends a copy. Fails when there is no memory, or there are more than any layer has. */
int layer_path_list_add (struct layer_path_list *list, const char *path, struct tss_error *error);
void layer_path_list_free (struct layer_path_list *list);

#endif
