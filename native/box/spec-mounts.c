/* mounts: what is mounted where in the container. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "mount-options.h"
#include "spec.h"

#include <string.h>

static int
parse_one (const json_t *object, const char *where, struct box_mount *mount, struct tss_error *error)
{
  tss_autofree const char **options = NULL;

  if (tss_json_need_string (object, "destination", where, &mount->destination, error) < 0
      || tss_json_get_string (object, "source", where, &mount->source, error) < 0
      || tss_json_get_string (object, "type", where, &mount->type, error) < 0
      || tss_json_get_strings (object, "options", where, &options, error) < 0)
    return -1;
  if (mount->type && strcmp (mount->type, "bind") == 0)
    mount->bind = true;
  if (box_mount_options_parse (options, where, mount, error) < 0)
    return -1;
  if (mount->bind && !mount->remount && !mount->source)
    return tss_json_refuse (where, "source", error, "a bind mount needs a source");
  if (!mount->bind && !mount->type)
    return tss_json_refuse (where, "type", error, "expected a file system");
  if (!*mount->destination)
    return tss_json_refuse (where, "destination", error, "expected a path");
  if (box_id_maps_parse (object, where, &mount->maps, error) < 0)
    return -1;
  if (mount->maps.users.count > 0 && mount->ids == BOX_MOUNT_IDS_AS_THEY_ARE)
    mount->ids = BOX_MOUNT_IDS_MAPPED;
  if (mount->ids != BOX_MOUNT_IDS_AS_THEY_ARE && !mount->bind)
    return tss_json_refuse (where, "options", error, "ids of bind mounts alone are mapped");
  if (mount->copy_up && (mount->bind || strcmp (mount->type, "tmpfs") != 0))
    return tss_json_refuse (where, "options", error, "tmpcopyup is for tmpfs alone");
  if (mount->remount && (mount->copy_up || mount->ids != BOX_MOUNT_IDS_AS_THEY_ARE))
    return tss_json_refuse (where, "options", error, "what is mounted already takes neither tmpcopyup nor idmap");
  return 0;
}

int
box_spec_parse_mounts (const json_t *document, struct box_spec *spec, struct tss_error *error)
{
  const json_t *array = NULL;

  if (tss_json_get_array (document, "mounts", "", &array, error) < 0)
    return -1;
  spec->mounts = calloc (json_array_size (array) + 1, sizeof *spec->mounts);
  if (!spec->mounts)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "mounts", "mounts: read the mounts");
  for (size_t i = 0; i < json_array_size (array); i++)
    {
      struct box_mount *mount = &spec->mounts[spec->mount_count++];
      char where[64];

      mount->index = i;
      snprintf (where, sizeof where, "mounts[%zu]", i);
      if (parse_one (json_array_get (array, i), where, mount, error) < 0)
        return -1;
    }
  return 0;
}
