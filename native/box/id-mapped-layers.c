/* Layers of an overlay whose files show other owners than those on disk. An overlay names its layers by path, so that
 * their mounts must be somewhere: in a tmpfs that covers the bundle, in a mount namespace that ends with the stage. */
#include "../common/cleanup.h"
#include "capabilities.h"
#include "setup.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Where the root is mounted, and what upper and work are in, below the bundle. */
#define ROOT_NAME "root"
#define WRITABLE_NAME "writable"

/* Mounts SOURCE, of DIRECTORY, on the new directory NAME of the present one. */
static int
place (struct box_setup *setup, int directory, const char *source, const char *name, struct tss_error *error)
{
  tss_autofd int tree = open_tree (directory, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  tss_autofd int target = -1;

  if (tree < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, source, "open the layer %s", source);
  if (box_map_tree_ids (tree, setup->user_namespace, false, source, source, error) < 0)
    return -1;
  if (mkdir (name, 0755) < 0 || (target = open (name, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, source, "make a directory for the layer %s", source);
  return box_attach_tree (tree, target, source, error);
}

static int
place_lower (struct box_setup *setup, const char **names, struct tss_error *error)
{
  const struct box_overlay *overlay = setup->options->overlay;
  tss_autofd int directory = -1;

  if (overlay->directory)
    directory = open (overlay->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (overlay->directory && directory < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->directory, "open %s", overlay->directory);
  for (size_t i = 0; overlay->lower[i]; i++)
    {
      char *name;

      if (asprintf (&name, "%zu", i) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "name the layers");
      names[i] = name;
      if (place (setup, directory < 0 ? AT_FDCWD : directory, overlay->lower[i], name, error) < 0)
        return -1;
    }
  return 0;
}

/* An overlay wants upper and work on the same mount. */
static int
place_writable (struct box_setup *setup, struct box_overlay *placed, struct tss_error *error)
{
  const struct box_overlay *overlay = setup->options->overlay;
  const char *upper_name = strrchr (overlay->upper, '/'), *work_name = strrchr (overlay->work, '/');
  char parent[PATH_MAX], *upper, *work;

  if (!upper_name || !work_name || upper_name - overlay->upper != work_name - overlay->work
      || strncmp (overlay->upper, overlay->work, (size_t)(upper_name - overlay->upper)) != 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, overlay->work,
                          "mount the layers: to map ids, upper and work must be in one directory");
  snprintf (parent, sizeof parent, "%.*s/", (int)(upper_name - overlay->upper), overlay->upper);
  if (place (setup, AT_FDCWD, parent, WRITABLE_NAME, error) < 0)
    return -1;
  if (asprintf (&upper, WRITABLE_NAME "%s", upper_name) < 0 || asprintf (&work, WRITABLE_NAME "%s", work_name) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "name the layers");
  placed->upper = upper;
  placed->work = work;
  return 0;
}

/* What a container writes is written with the privileges of whoever mounted the layers: without this one, quotas hold
 * on ext4, too. */
static int
mount_within_quotas (const char *target, unsigned long flags, const char *options)
{
  struct box_capability_state state, less;
  int result;

  if (box_capability_state_get (&state) < 0)
    return -1;
  less = state;
  less.effective &= ~(UINT64_C (1) << CAP_SYS_RESOURCE);
  if (box_capability_state_set (&less) < 0)
    return -1;
  result = mount ("overlay", target, "overlay", flags, options);
  (void)!box_capability_state_set (&state); /* what is permitted cannot be refused */
  return result;
}

int
box_mount_overlay (struct box_setup *setup, const char *target, unsigned long flags, const char *options)
{
  uint32_t uid, gid;
  int result;

  if (!setup->options->overlay->map_ids)
    return mount_within_quotas (target, flags, options);
  if (!box_id_map_find (&setup->maps.users, 0, &uid) || !box_id_map_find (&setup->maps.groups, 0, &gid))
    {
      errno = EOVERFLOW;
      return -1;
    }
  setfsgid (gid);
  setfsuid (uid);
  /* Leaving root took the capabilities away that have to do with files, which the overlay will need. */
  result = box_capabilities_raise (NULL) < 0 ? -1 : mount_within_quotas (target, flags, options);
  setfsuid (0);
  setfsgid (0);
  return result;
}

/* What is allocated lives as long as the stage. */
int
box_map_layer_ids (struct box_setup *setup, struct tss_error *error)
{
  const char *bundle = setup->options->bundle;
  struct box_overlay *placed = calloc (1, sizeof *placed);
  const char **names;
  size_t count = 0;
  char *mount_point;

  if (setup->user_namespace < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.namespaces",
                          "linux.namespaces: to map the ids of layers takes a user namespace");
  while (setup->options->overlay->lower[count])
    count++;
  names = calloc (count + 1, sizeof *names);
  if (!placed || !names || asprintf (&mount_point, "%s/" ROOT_NAME, bundle) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "name the layers");
  *placed = (struct box_overlay){ .directory = bundle, .lower = names };
  if (mount ("tmpfs", bundle, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") < 0 || chdir (bundle) < 0
      || mkdir (ROOT_NAME, 0755) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, bundle, "make a place for the layers");
  if (place_lower (setup, names, error) < 0
      || (setup->options->overlay->upper && place_writable (setup, placed, error) < 0))
    return -1;
  setup->overlay = placed;
  setup->mount_point = mount_point;
  return 0;
}
