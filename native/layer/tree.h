/* The directory into which a layer is unpacked. Whatever the archive says, no path leads out of it: symbolic links in
 * the directories of a path are followed as if the directory were the root, by the kernel (openat2). */
#ifndef TSSTACK_LAYER_TREE_H
#define TSSTACK_LAYER_TREE_H

#include "../common/error.h"
#include "path-list.h"

#include <stdbool.h>
#include <sys/stat.h>

struct layer_tree
{
  int root;
  int parent;                      /* directory of the last entry, or -1 */
  char *parent_path;               /* its path */
  struct layer_path_list implicit; /* directories made because entries lie below them, without an entry so far */
};

/* Opens an existing directory. */
int layer_tree_open (struct layer_tree *tree, const char *path, struct tss_error *error);
void layer_tree_close (struct layer_tree *tree);

/* The path of an entry without leading slash, ".", ".." and double slashes; "" is the root. An entry that climbs above
 * the root is an error. The caller frees the result; NULL on failure. */
char *layer_tree_clean_path (const char *path, struct tss_error *error);

/* Opens the directory that holds the clean PATH, making what is missing. Returns a borrowed descriptor, valid until the
 * next call, and the last component in *NAME. */
int layer_tree_open_parent (struct layer_tree *tree, const char *path, const char **name, struct tss_error *error);

/* As above, without making anything: the descriptor is the caller's, and ENOENT is TSS_ERROR_NOT_FOUND. */
int layer_tree_find_parent (const struct layer_tree *tree, const char *path, const char **name,
                            struct tss_error *error);

/* Must be called when an existing entry is removed or replaced, because the remembered parent may lie below it. The
 * borrowed descriptor stays open until the next lookup. */
void layer_tree_forget_parent (struct layer_tree *tree);

/* True for the overlay's mark of a deleted name: a character device 0:0. */
bool layer_is_whiteout (const struct stat *status);

/* Marks a directory as hiding the same directory of lower layers. */
int layer_set_opaque (int directory, const char *path, struct tss_error *error);

#endif
