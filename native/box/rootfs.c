/* The container's root: made of layers or a directory, and finally entered. */
#include "../common/cleanup.h"
#include "mount-label.h"
#include "overlay.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int
open_tree_of (int directory, const char *path, unsigned int recursive, struct tss_error *error)
{
  int tree = open_tree (directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);

  if (tree < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "open the root file system %s", path);
  return tree;
}

/* The overlay needs a mount point before anything of the container exists: the bundle's directory serves, in this mount
 * namespace only. */
static int
mount_overlay (struct box_setup *setup, int bundle, struct tss_error *error)
{
  const struct box_overlay *overlay = setup->overlay;
  /* mount(2) copies one page of options. */
  char layers[4096];
  tss_autofree char *options = NULL;
  unsigned long flags = overlay->upper ? 0 : MS_RDONLY;

  if (box_overlay_format (overlay, layers, sizeof layers) < 0
      || box_mount_label_add (setup->spec->mount_label, "overlay", layers, &options) < 0
      || strlen (options) >= sizeof layers)
    return tss_error_set (error, TSS_ERROR_MOUNT, E2BIG, overlay->lower[0], "mount the layers: too many or too long");
  if (overlay->directory && chdir (overlay->directory) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->directory, "enter %s", overlay->directory);
  if (box_mount_overlay (setup, box_fd_path (bundle).text, flags, options) < 0)
    {
      /* Layers with mapped ids need Linux 5.19. */
      bool cannot_map = setup->options->overlay->map_ids && errno == EINVAL;

      if (setup->spec->mount_label && errno == EINVAL && !cannot_map)
        return tss_error_set (error, TSS_ERROR_INVALID, errno, "linux.mountLabel",
                              "linux.mountLabel: mount the layers with %s, which the policy of this host may not know",
                              setup->spec->mount_label);
      return tss_error_set (error, cannot_map ? TSS_ERROR_ID_MAP : TSS_ERROR_MOUNT, errno,
                            overlay->upper ? overlay->upper : overlay->lower[0], "mount the layers");
    }
  setup->root = open (setup->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (setup->root < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, setup->mount_point, "open the root file system");
  return 0;
}

static int
attach_root (struct box_setup *setup, int tree, int bundle, struct tss_error *error)
{
  setup->root = tree;
  return tree < 0 ? -1 : box_attach_tree (tree, bundle, setup->options->bundle, error);
}

/* One layer that is not written to needs no overlay; the kernel does not even allow one of that kind. */
static int
bind_single_layer (struct box_setup *setup, int bundle, struct tss_error *error)
{
  const struct box_overlay *overlay = setup->overlay;
  tss_autofd int directory = AT_FDCWD;

  if (setup->spec->mount_label)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.mountLabel",
                          "linux.mountLabel: a root of one layer that nobody writes to is no file system of its own "
                          "that could have it");
  if (overlay->directory)
    directory = open (overlay->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (overlay->directory && directory < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->directory, "open %s", overlay->directory);
  if (attach_root (setup, open_tree_of (directory, overlay->lower[0], 0, error), bundle, error) < 0)
    return -1;
  if (box_set_mount_flags (setup->root, MS_RDONLY, 0, false) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->lower[0], "make the root file system read-only");
  return 0;
}

/* On itself: hooks that run now find it where the bundle says, with all that is mounted in it. */
static int
bind_root (struct box_setup *setup, int bundle, struct tss_error *error)
{
  const char *path = setup->spec->root_path;
  tss_autofd int directory = -1;

  if (!path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "root.path", "root.path: expected a string");
  directory = openat (bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "root.path", "root.path: open %s", path);
  return attach_root (setup, open_tree_of (bundle, path, AT_RECURSIVE, error), directory, error);
}

static int
mount_root (struct box_setup *setup, struct tss_error *error)
{
  tss_autofd int target = -1;

  if (setup->overlay && setup->overlay->map_ids && box_map_layer_ids (setup, error) < 0)
    return -1;
  target = open (setup->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (target < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, setup->mount_point, "open the bundle");
  if (!setup->overlay)
    return bind_root (setup, target, error);
  if (!setup->overlay->upper && !setup->overlay->lower[1])
    return bind_single_layer (setup, target, error);
  return mount_overlay (setup, target, error);
}

/* The stage was in the bundle when this process was born: this mount namespace's copy of what was mounted there is what
 * the working directory names, without a look at the path's permissions. */
static int
attach_staged_root (struct box_setup *setup, struct tss_error *error)
{
  setup->root = tss_steal_fd (&setup->root_tree);
  return box_attach_tree (setup->root, AT_FDCWD, setup->options->bundle, error);
}

int
box_setup_root (struct box_setup *setup, struct tss_error *error)
{
  bool follows_host = setup->spec->root_propagation & MS_SLAVE;
  unsigned long propagation = (follows_host ? MS_SLAVE : MS_PRIVATE) | MS_REC;

  if (box_mount_label_check (setup->spec->mount_label, error) < 0)
    return -1;
  /* From here on nothing that is mounted for the container shows on the host, nor the reverse unless asked for. */
  if (mount (NULL, "/", NULL, propagation, NULL) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "/", "make the host's mounts private");
  if ((setup->root_tree >= 0 ? attach_staged_root : mount_root) (setup, error) < 0)
    return -1;
  if (box_set_propagation (setup->root, propagation) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "linux.rootfsPropagation",
                          "linux.rootfsPropagation: set the root's propagation");
  return 0;
}

/* Last of all: whatever is mounted on a shared mount becomes shared as well, and what is unbindable cannot be entered.
 */
static int
set_root_propagation (const struct box_setup *setup, struct tss_error *error)
{
  unsigned long propagation = setup->spec->root_propagation;

  if (propagation && box_set_propagation (setup->root, propagation) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "linux.rootfsPropagation",
                          "linux.rootfsPropagation: set it on the root");
  return 0;
}

/* Makes ROOT the root of the mount namespace and lets go of the host's. */
int
box_setup_enter_root (struct box_setup *setup, struct tss_error *error)
{
  if (setup->spec->root_readonly && box_set_mount_flags (setup->root, MS_RDONLY, 0, false) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "root.readonly", "root.readonly: make the root read-only");
  /* Both arguments may be the same directory: the old root then lies on top of the new one until it is unmounted. */
  if (fchdir (setup->root) < 0 || syscall (SYS_pivot_root, ".", ".") < 0 || umount2 (".", MNT_DETACH) < 0
      || chdir ("/") < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "root", "root: enter the root file system");
  return set_root_propagation (setup, error);
}
