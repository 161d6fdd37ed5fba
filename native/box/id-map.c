/* Which ids inside a user namespace are which outside. */
#include "id-map.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <string.h>

enum
{
  MAX_RANGES = 340, /* of the kernel: user_namespaces(7) */
  LINE_LENGTH = 33, /* three numbers of at most ten digits, two spaces, a line feed */
  MAP_TEXT = 340 * LINE_LENGTH + 1,
};

static int
parse_range (const json_t *object, const char *where, struct box_id_range *range, struct tss_error *error)
{
  uint64_t inside = 0, outside = 0, size = 0;

  /* Read as 0, a forgotten hostID would be the host's root. */
  if (!json_object_get (object, "containerID") || !json_object_get (object, "hostID"))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: expected containerID, hostID and size", where);
  if (tss_json_get_uint (object, "containerID", where, UINT32_MAX - 1, &inside, error) < 0
      || tss_json_get_uint (object, "hostID", where, UINT32_MAX - 1, &outside, error) < 0
      || tss_json_get_uint (object, "size", where, UINT32_MAX, &size, error) < 0)
    return -1;
  if (size == 0 || inside + size > UINT32_MAX || outside + size > UINT32_MAX)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.size: expected 1 to 4294967295 less the first id",
                          where);
  *range = (struct box_id_range){ (uint32_t)inside, (uint32_t)outside, (uint32_t)size };
  return 0;
}

static int
parse_map (const json_t *object, const char *key, const char *where, struct box_id_map *map, struct tss_error *error)
{
  const json_t *array = NULL;

  if (tss_json_get_array (object, key, where, &array, error) < 0)
    return -1;
  if (json_array_size (array) == 0)
    return 0;
  if (json_array_size (array) > MAX_RANGES)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.%s: more than %d ranges", where, key, MAX_RANGES);
  map->ranges = calloc (json_array_size (array), sizeof *map->ranges);
  if (!map->ranges)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read %s.%s", where, key);
  for (; map->count < json_array_size (array); map->count++)
    {
      char range[sizeof error->path];

      snprintf (range, sizeof range, "%s.%s[%zu]", where, key, map->count);
      if (parse_range (json_array_get (array, map->count), range, &map->ranges[map->count], error) < 0)
        return -1;
    }
  return 0;
}

int
box_id_maps_parse (const json_t *object, const char *where, struct box_id_maps *maps, struct tss_error *error)
{
  if (parse_map (object, "uidMappings", where, &maps->users, error) < 0
      || parse_map (object, "gidMappings", where, &maps->groups, error) < 0)
    return -1;
  if ((maps->users.count > 0) != (maps->groups.count > 0))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: uidMappings and gidMappings come together", where);
  return 0;
}

void
box_id_maps_free (struct box_id_maps *maps)
{
  free (maps->users.ranges);
  free (maps->groups.ranges);
  *maps = (struct box_id_maps){ 0 };
}

static int
write_map (int proc, pid_t pid, const char *file, const struct box_id_map *map)
{
  char path[64], text[MAP_TEXT] = "";
  size_t length = 0;

  for (size_t i = 0; i < map->count; i++)
    length += (size_t)snprintf (text + length, sizeof text - length, "%u %u %u\n", map->ranges[i].inside,
                                map->ranges[i].outside, map->ranges[i].size);
  snprintf (path, sizeof path, "%d/%s", pid, file);
  return tss_write_text_at (proc, path, text);
}

int
box_id_maps_write (int proc, pid_t pid, const struct box_id_maps *maps, struct tss_error *error)
{
  if (write_map (proc, pid, "uid_map", &maps->users) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.uidMappings", "linux.uidMappings: set them");
  if (write_map (proc, pid, "gid_map", &maps->groups) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.gidMappings", "linux.gidMappings: set them");
  return 0;
}

static int
read_map (int proc, pid_t pid, const char *file, struct box_id_map *map)
{
  char path[64];
  tss_autofree char *text = NULL;
  struct box_id_range range;
  int length;

  snprintf (path, sizeof path, "%d/%s", pid, file);
  text = tss_read_file_at (proc, path, NULL);
  map->ranges = calloc (MAX_RANGES, sizeof *map->ranges);
  if (!text || !map->ranges)
    return -1;
  for (const char *line = text;
       map->count < MAX_RANGES && sscanf (line, "%u %u %u%n", &range.inside, &range.outside, &range.size, &length) == 3;
       line += length)
    map->ranges[map->count++] = range;
  return 0;
}

int
box_id_maps_read (int proc, pid_t pid, struct box_id_maps *maps, struct tss_error *error)
{
  if (read_map (proc, pid, "uid_map", &maps->users) < 0 || read_map (proc, pid, "gid_map", &maps->groups) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "read the maps of the user namespace");
  return 0;
}

bool
box_id_map_find (const struct box_id_map *map, uint32_t inside, uint32_t *outside)
{
  for (size_t i = 0; i < map->count; i++)
    {
      const struct box_id_range *range = &map->ranges[i];

      if (inside < range->inside || inside - range->inside >= range->size)
        continue;
      *outside = range->outside + (inside - range->inside);
      return true;
    }
  return false;
}

bool
box_id_map_agrees (const struct box_id_map *wanted, const struct box_id_map *present)
{
  for (size_t i = 0; i < wanted->count; i++)
    {
      const struct box_id_range *range = &wanted->ranges[i];
      uint32_t first, last;

      if (!box_id_map_find (present, range->inside, &first) || first != range->outside
          || !box_id_map_find (present, range->inside + range->size - 1, &last)
          || last != range->outside + range->size - 1)
        return false;
    }
  return true;
}
