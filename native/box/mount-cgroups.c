/* /sys/fs/cgroup of a container. */
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int
fail (const struct box_mount *entry, const char *what, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_MOUNT, errno, entry->destination, "mount the cgroup hierarchy %s", what);
}

/* In a cgroup namespace of its own the container sees its cgroup as the root. */
static bool
has_namespace (const struct box_setup *setup)
{
  return box_namespaces_has (&setup->spec->namespaces, CLONE_NEWCGROUP);
}

/* Without such a namespace, only the container's own directory is shown. */
static int
bind_own_directory (const struct box_mount *entry, const char *path, int target, struct tss_error *error)
{
  tss_autofd int tree = open_tree (AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

  if (tree < 0)
    return fail (entry, path, error);
  if (box_attach_tree (tree, target, entry->destination, error) < 0)
    return -1;
  return box_set_mount_flags (tree, entry->set, 0, false) < 0 ? fail (entry, path, error) : 0;
}

static int
mount_unified (struct box_setup *setup, const struct box_mount *entry, int target, struct tss_error *error)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (setup->cgroup, "");

  if (!directory)
    return tss_error_set (error, TSS_ERROR_MOUNT, 0, entry->destination,
                          "mount %s: this host has no unified cgroup hierarchy", entry->destination);
  if (!has_namespace (setup))
    return bind_own_directory (entry, directory->path, target, error);
  if (mount ("cgroup2", box_fd_path (target).text, "cgroup2", entry->set, NULL) < 0)
    return fail (entry, "cgroup2", error);
  return 0;
}

static int
mount_v1_hierarchy (struct box_setup *setup, const struct box_mount *entry,
                    const struct box_cgroup_directory *directory, int parent, struct tss_error *error)
{
  bool unified = !*directory->controllers;
  tss_autofd int target = -1;

  if (mkdirat (parent, directory->name, 0755) < 0 && errno != EEXIST)
    return fail (entry, directory->name, error);
  target = openat (parent, directory->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (target < 0)
    return fail (entry, directory->name, error);
  if (!has_namespace (setup))
    return bind_own_directory (entry, directory->path, target, error);
  if (mount ("cgroup", box_fd_path (target).text, unified ? "cgroup2" : "cgroup", entry->set,
             unified ? NULL : directory->controllers)
      < 0)
    return fail (entry, directory->name, error);
  return 0;
}

/* "cpu" and "cpuacct" beside "cpu,cpuacct", as every host has them. */
static int
link_controllers (const struct box_cgroup_directory *directory, int parent)
{
  char controllers[256];
  char *cursor = controllers, *word;

  if (!strchr (directory->controllers, ','))
    return 0;
  snprintf (controllers, sizeof controllers, "%s", directory->controllers);
  while ((word = strsep (&cursor, ",")))
    if (symlinkat (directory->name, parent, word) < 0 && errno != EEXIST)
      return -1;
  return 0;
}

static int
mount_v1 (struct box_setup *setup, const struct box_mount *entry, int target, struct tss_error *error)
{
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  tss_autofd int parent = -1;

  if (mount ("tmpfs", box_fd_path (target).text, "tmpfs", flags, "mode=755") < 0)
    return fail (entry, "tmpfs", error);
  parent = box_target_open (setup->root, entry->destination, O_PATH | O_DIRECTORY, 0);
  if (parent < 0)
    return fail (entry, "tmpfs", error);
  for (size_t i = 0; i < setup->cgroup->count; i++)
    {
      const struct box_cgroup_directory *directory = &setup->cgroup->directories[i];

      if (mount_v1_hierarchy (setup, entry, directory, parent, error) < 0)
        return -1;
      if (link_controllers (directory, parent) < 0)
        return fail (entry, directory->name, error);
    }
  return box_set_mount_flags (parent, entry->set, 0, false) < 0 ? fail (entry, "tmpfs", error) : 0;
}

int
box_mount_cgroups (struct box_setup *setup, const struct box_mount *entry, int target, struct tss_error *error)
{
  if (setup->cgroup->unified || strcmp (entry->type, "cgroup2") == 0)
    return mount_unified (setup, entry, target, error);
  return mount_v1 (setup, entry, target, error);
}
