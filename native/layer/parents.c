/* Directories that an archive needs but does not describe: they look as the same directories of the layers below. */
#include "parents.h"

#include "../common/cleanup.h"
#include "copy-metadata.h"
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>

/* Returns 1 when the layer decides about the path (has it, or hides it), else 0. */
static int
adopt_from (int layer, int to, const char *path, struct tss_error *error)
{
  tss_autofd int from = layer_open_in_root (layer, path, O_RDONLY | O_DIRECTORY);
  tss_autofd int target = -1;
  struct layer_pair pair = { from, -1, ".", 0 };
  struct stat status;

  if (from < 0 && errno != ENOENT)
    return 1; /* no directory there: a mark of deletion, or a file in its place */
  if (from < 0)
    return 0;
  target = layer_open_in_root (to, path, O_RDONLY | O_DIRECTORY);
  if (target < 0 || fstat (from, &status) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open directory %s", path);
  pair.to = target;
  return layer_copy_metadata (&pair, &status, error) < 0 ? -1 : 1;
}

int
layer_adopt_parent (const char *to, const char *const *layers, const char *path, struct tss_error *error)
{
  tss_autofd int target = open (to, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (target < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, to, "open directory %s", to);
  for (size_t i = 0; layers[i]; i++)
    {
      tss_autofd int layer = open (layers[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
      int result;

      if (layer < 0)
        return tss_error_set (error, TSS_ERROR_IO, errno, layers[i], "open layer %s", layers[i]);
      result = adopt_from (layer, target, path, error);
      if (result != 0)
        return result < 0 ? -1 : 0;
    }
  return 0;
}
