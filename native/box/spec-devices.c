/* linux.devices: device nodes to make. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "spec.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int
parse_type (const char *type, mode_t *mode)
{
  static const struct
  {
    const char *name;
    mode_t mode;
  } types[] = { { "c", S_IFCHR }, { "u", S_IFCHR }, { "b", S_IFBLK }, { "p", S_IFIFO } };

  for (size_t i = 0; i < TSS_LENGTH (types); i++)
    if (strcmp (types[i].name, type) == 0)
      {
        *mode = types[i].mode;
        return 0;
      }
  return -1;
}

static int
parse_one (const json_t *object, const char *where, struct box_device *device, struct tss_error *error)
{
  uint64_t major = 0, minor = 0, mode = 0666, uid = 0, gid = 0;
  const char *type = NULL;

  if (tss_json_need_string (object, "path", where, &device->path, error) < 0
      || tss_json_need_string (object, "type", where, &type, error) < 0
      || tss_json_get_uint (object, "major", where, UINT32_MAX, &major, error) < 0
      || tss_json_get_uint (object, "minor", where, UINT32_MAX, &minor, error) < 0
      || tss_json_get_uint (object, "fileMode", where, UINT32_MAX, &mode, error) < 0
      || tss_json_get_uint (object, "uid", where, UINT32_MAX - 1, &uid, error) < 0
      || tss_json_get_uint (object, "gid", where, UINT32_MAX - 1, &gid, error) < 0)
    return -1;
  if (parse_type (type, &device->mode) < 0)
    return tss_json_refuse (where, "type", error, "unknown device type %s", type);
  if (device->path[0] != '/')
    return tss_json_refuse (where, "path", error, "%s is not absolute", device->path);
  if (device->mode != S_IFIFO && (!json_object_get (object, "major") || !json_object_get (object, "minor")))
    return tss_json_refuse (where, json_object_get (object, "major") ? "minor" : "major", error,
                            "expected a whole number");
  /* Some engines copy the type bits of st_mode into fileMode. */
  device->mode |= (mode_t)mode & 07777;
  device->number = makedev ((unsigned)major, (unsigned)minor);
  device->uid = (uid_t)uid;
  device->gid = (gid_t)gid;
  return 0;
}

int
box_spec_parse_devices (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  const json_t *array = NULL;

  if (tss_json_get_array (linux_object, "devices", "linux", &array, error) < 0)
    return -1;
  spec->devices = calloc (json_array_size (array) + 1, sizeof *spec->devices);
  if (!spec->devices)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.devices", "linux.devices: read the devices");
  for (size_t i = 0; i < json_array_size (array); i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.devices[%zu]", i);
      if (parse_one (json_array_get (array, i), where, &spec->devices[spec->device_count++], error) < 0)
        return -1;
    }
  return 0;
}
