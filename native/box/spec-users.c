/* linux.uidMappings and linux.gidMappings, and whether they fit the rest. */
#include "spec.h"

#include <sched.h>

static int
check_user (const struct box_spec *spec, struct tss_error *error)
{
  const struct box_process *process = &spec->process;
  uint32_t outside;

  if (!box_id_map_find (&spec->maps.users, 0, &outside) || !box_id_map_find (&spec->maps.groups, 0, &outside))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.uidMappings",
                          "linux.uidMappings, linux.gidMappings: root (0) of the container must be mapped");
  if (!box_id_map_find (&spec->maps.users, process->uid, &outside))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process.user.uid",
                          "process.user.uid: %u is not in linux.uidMappings", process->uid);
  if (!box_id_map_find (&spec->maps.groups, process->gid, &outside))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process.user.gid",
                          "process.user.gid: %u is not in linux.gidMappings", process->gid);
  return 0;
}

/* Ids as seen by the container's user namespace need one. */
static int
check_mounts (const struct box_spec *spec, struct tss_error *error)
{
  for (size_t i = 0; i < spec->mount_count; i++)
    {
      const struct box_mount *mount = &spec->mounts[i];
      char where[64];

      if (mount->ids == BOX_MOUNT_IDS_AS_THEY_ARE || mount->maps.users.count > 0)
        continue;
      snprintf (where, sizeof where, "mounts[%zu]", i);
      return tss_error_set (error, TSS_ERROR_INVALID, 0, where,
                            "%s.options: idmap needs uidMappings and gidMappings, or a user namespace", where);
    }
  return 0;
}

int
box_spec_parse_users (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  if (box_id_maps_parse (linux_object, "linux", &spec->maps, error) < 0)
    return -1;
  if (!box_namespaces_has (&spec->namespaces, CLONE_NEWUSER))
    {
      if (spec->maps.users.count > 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.uidMappings",
                              "linux.uidMappings: needs a user namespace");
      return check_mounts (spec, error);
    }
  if (spec->maps.users.count > 0)
    return check_user (spec, error);
  if (spec->namespaces.created & CLONE_NEWUSER)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.uidMappings",
                          "linux.uidMappings: a new user namespace needs some");
  return 0;
}
