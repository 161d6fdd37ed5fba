/* Mounts that show files with other owners than those on disk. */
#include "../common/cleanup.h"
#include "setup.h"
#include "user-namespace.h"

#include <fcntl.h>
#include <sys/mount.h>

int
box_map_tree_ids (int tree, int user_namespace, bool recursive, const char *source, const char *field,
                  struct tss_error *error)
{
  struct mount_attr change = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace };

  if (mount_setattr (tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &change, sizeof change) == 0)
    return 0;
  /* The kernel's "invalid argument" tells nobody that it means the file system. */
  if (errno == EINVAL || errno == ENOSYS)
    return tss_error_set (error, TSS_ERROR_ID_MAP, errno, field,
                          "map the ids of %s: its file system cannot do that on this kernel", source);
  return tss_error_set (error, TSS_ERROR_MOUNT, errno, field, "map the ids of %s", source);
}

int
box_map_source_ids (struct box_setup *setup, const struct box_mount *mount, struct tss_error *error)
{
  tss_autofd int own = -1;
  char field[64];

  if (mount->ids == BOX_MOUNT_IDS_AS_THEY_ARE)
    return 0;
  snprintf (field, sizeof field, "mounts[%zu]", mount->index);
  if (mount->maps.users.count > 0)
    {
      own = box_user_namespace_make (setup->proc, &mount->maps, error);
      if (own < 0)
        return -1;
    }
  return box_map_tree_ids (setup->sources[mount->index], own < 0 ? setup->user_namespace : own,
                           mount->ids == BOX_MOUNT_IDS_MAPPED_RECURSIVELY, mount->source, field, error);
}
