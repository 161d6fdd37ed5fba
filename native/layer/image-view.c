/* The file system of an image, as its containers see it. */
#include "image-view.h"

#include "../box/overlay.h"
#include "../common/cleanup.h"
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

/* Mounts over the topmost layer's own directory: it exists for sure, and only this process sees the mount. */
static int
mount_layers (const char *directory, const char *const *layers, struct tss_error *error)
{
  const struct box_overlay overlay = { .lower = layers };
  char options[4096]; /* mount(2) copies one page, and would leave out the lowest layers */

  if (box_overlay_format (&overlay, options, sizeof options) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, E2BIG, layers[0],
                          "mount the layers of the image: too many or too long");
  if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "make a mount namespace");
  if (mount ("overlay", layers[0], "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID, options) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, directory, "mount the layers of the image");
  return 0;
}

static int
open_in_image (const char *directory, const char *const *layers, const char *path, int flags, struct tss_error *error)
{
  tss_autofd int root = -1;
  int result;

  if (directory && chdir (directory) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, directory, "enter directory %s", directory);
  if (layers[1] && mount_layers (directory, layers, error) < 0)
    return -1;
  root = open (layers[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, layers[0], "open layer %s", layers[0]);
  result = layer_open_in_root (root, path, flags);
  if (result < 0 && errno == ENOTDIR)
    return tss_error_set (error, TSS_ERROR_STATE, errno, path, "open %s of the image", path);
  if (result < 0)
    return tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path,
                          "open %s of the image", path);
  return result;
}

int
layer_open_image_path (const char *directory, const char *const *layers, const char *path, struct tss_error *error)
{
  return open_in_image (directory, layers, path, O_RDONLY | O_DIRECTORY, error);
}

int
layer_open_image_entry (const char *directory, const char *const *layers, const char *path, struct tss_error *error)
{
  return open_in_image (directory, layers, path, O_PATH, error);
}
