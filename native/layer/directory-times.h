/* Times of directories, which are set after everything else: each entry made below a directory changes them again. */
#ifndef TSSTACK_LAYER_DIRECTORY_TIMES_H
#define TSSTACK_LAYER_DIRECTORY_TIMES_H

#include "tree.h"

#include <time.h>

struct layer_directory_times
{
  struct layer_path_list paths;
  struct timespec (*times)[2]; /* one pair for each path */
  size_t capacity;
};

/* Remembers the access and modification time of the directory with that clean path. */
int layer_directory_times_add (struct layer_directory_times *list, const char *path, const struct timespec times[2],
                               struct tss_error *error);

/* Sets them all; what is no directory any more is left alone. */
int layer_directory_times_apply (const struct layer_directory_times *list, const struct layer_tree *tree,
                                 struct tss_error *error);
void layer_directory_times_free (struct layer_directory_times *list);

#endif
