/* Remembers files with several links, by device and inode. */
#include "inode-map.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct seen_file
{
  dev_t device;
  ino_t inode;
  char *path;
};

static int
compare_files (const void *left, const void *right)
{
  const struct seen_file *a = left, *b = right;

  if (a->device != b->device)
    return a->device < b->device ? -1 : 1;
  if (a->inode != b->inode)
    return a->inode < b->inode ? -1 : 1;
  return 0;
}

static void
free_file (void *pointer)
{
  struct seen_file *file = pointer;

  free (file->path);
  free (file);
}

static struct seen_file *
new_file (const struct seen_file *key, const char *path)
{
  struct seen_file *file = malloc (sizeof *file);

  if (!file)
    return NULL;
  *file = *key;
  file->path = strdup (path);
  if (file->path)
    return file;
  free (file);
  return NULL;
}

const char *
layer_inode_map_find_or_add (struct layer_inode_map *map, const struct stat *status, const char *path, bool *failed)
{
  struct seen_file key = { .device = status->st_dev, .inode = status->st_ino };
  struct seen_file **found = tfind (&key, &map->root, compare_files);
  struct seen_file *added;

  if (found)
    return (*found)->path;
  added = new_file (&key, path);
  if (!added || !tsearch (added, &map->root, compare_files))
    {
      if (added)
        free_file (added);
      *failed = true;
    }
  return NULL;
}

void
layer_inode_map_free (struct layer_inode_map *map)
{
  tdestroy (map->root, free_file);
}
