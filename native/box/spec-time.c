/* linux.timeOffsets: clocks of a new time namespace. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "spec.h"

#include <sched.h>
#include <string.h>

const char *const box_clock_names[BOX_CLOCKS] = { "monotonic", "boottime" };

enum
{
  NANOSECONDS = 1000000000
};

static int
parse_one (const char *clock, const json_t *object, struct box_spec *spec, struct tss_error *error)
{
  char where[sizeof error->path];
  uint64_t nanoseconds = 0;

  snprintf (where, sizeof where, "linux.timeOffsets.%s", clock);
  for (size_t i = 0; i < BOX_CLOCKS; i++)
    {
      struct box_time_offset *offset = &spec->time_offsets[i];

      if (strcmp (box_clock_names[i], clock) != 0)
        continue;
      if (!json_is_object (object))
        return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: expected an object", where);
      if (tss_json_get_int64 (object, "secs", where, &offset->seconds, error) < 0
          || tss_json_get_uint (object, "nanosecs", where, NANOSECONDS - 1, &nanoseconds, error) < 0)
        return -1;
      offset->nanoseconds = (uint32_t)nanoseconds;
      offset->given = true;
      return 0;
    }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: no clock of a time namespace", where);
}

int
box_spec_parse_time_offsets (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  const json_t *object = NULL;
  const char *clock;
  json_t *value;

  if (tss_json_get_object (linux_object, "timeOffsets", "linux", &object, error) < 0)
    return -1;
  if (json_object_size (object) > 0 && !(spec->namespaces.created & CLONE_NEWTIME))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.timeOffsets",
                          "linux.timeOffsets: needs a time namespace of its own");
  /* jansson's iterator takes no const object, though it changes nothing. */
  json_object_foreach ((json_t *)(uintptr_t)object, clock,
                       value) if (parse_one (clock, value, spec, error) < 0) return -1;
  return 0;
}
