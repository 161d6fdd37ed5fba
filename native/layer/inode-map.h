/* Remembers files with several links, by device and inode. */
#ifndef TSSTACK_LAYER_INODE_MAP_H
#define TSSTACK_LAYER_INODE_MAP_H

#include <stdbool.h>
#include <sys/stat.h>

struct layer_inode_map
{
  void *root; /* of tsearch */
};

/* The path under which the file was seen first, or NULL after it was added with a copy of PATH. On failure *FAILED is
 * set, with errno. */
const char *layer_inode_map_find_or_add (struct layer_inode_map *map, const struct stat *status, const char *path,
                                         bool *failed);
void layer_inode_map_free (struct layer_inode_map *map);

#endif
