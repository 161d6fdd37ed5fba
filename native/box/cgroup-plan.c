/* What the plans of both cgroup versions have in common. */
#include "cgroup-plan.h"
#include "../common/cleanup.h"
#include "../common/json.h"

#include <stdarg.h>
#include <string.h>

int
box_cgroup_plan_add (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                     const char *format, ...)
{
  struct box_cgroup_write *larger = reallocarray (plan->writes, plan->count + 1, sizeof *larger);
  va_list arguments;
  int length;

  if (!larger)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, write.field, "plan the cgroup");
  plan->writes = larger;
  va_start (arguments, format);
  length = vsnprintf (write.value, sizeof write.value, format, arguments);
  va_end (arguments);
  if (length < 0 || (size_t)length >= sizeof write.value)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: value too long", write.field);
  plan->writes[plan->count++] = write;
  return 0;
}

int
box_cgroup_plan_number (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                        int64_t number, const char *unlimited)
{
  if (number == BOX_UNSET)
    return 0;
  if (number < -1)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: expected -1 or more", write.field);
  if (number == -1)
    return box_cgroup_plan_add (plan, error, write, "%s", unlimited);
  return box_cgroup_plan_add (plan, error, write, "%lld", (long long)number);
}

static int
plan_block_device (struct box_cgroup_plan *plan, const json_t *object, const struct box_block_list *list,
                   const char *controller, struct tss_error *error)
{
  struct box_cgroup_write write = { .controller = controller, .field = "linux.resources.blockIO" };
  const char *value_key = strncmp (list->key, "weight", 6) == 0 ? "weight" : "rate";
  uint64_t major = 0, minor = 0, value = 0;
  char number[24];

  if (tss_json_get_uint (object, "major", write.field, UINT32_MAX, &major, error) < 0
      || tss_json_get_uint (object, "minor", write.field, UINT32_MAX, &minor, error) < 0
      || tss_json_get_uint (object, value_key, write.field, INT64_MAX, &value, error) < 0)
    return -1;
  snprintf (write.file, sizeof write.file, "%s", list->file);
  snprintf (number, sizeof number, "%llu", (unsigned long long)value);
  return box_cgroup_plan_add (plan, error, write, "%llu:%llu %s%s", (unsigned long long)major,
                              (unsigned long long)minor, list->prefix, number);
}

int
box_cgroup_plan_block (struct box_cgroup_plan *plan, const json_t *block, const struct box_block_list *lists,
                       size_t count, const char *controller, struct tss_error *error)
{
  for (size_t i = 0; i < count; i++)
    {
      const json_t *array = NULL;

      if (tss_json_get_array (block, lists[i].key, "linux.resources.blockIO", &array, error) < 0)
        return -1;
      for (size_t j = 0; j < json_array_size (array); j++)
        if (plan_block_device (plan, json_array_get (array, j), &lists[i], controller, error) < 0)
          return -1;
    }
  return 0;
}

int
box_cgroup_plan_hugepages (struct box_cgroup_plan *plan, const json_t *limits, const char *suffix,
                           struct tss_error *error)
{
  for (size_t i = 0; i < json_array_size (limits); i++)
    {
      struct box_cgroup_write write = { .controller = "hugetlb", .field = "linux.resources.hugepageLimits" };
      const json_t *object = json_array_get (limits, i);
      const char *size = NULL;
      uint64_t limit = 0;

      if (tss_json_need_string (object, "pageSize", write.field, &size, error) < 0
          || tss_json_get_uint (object, "limit", write.field, INT64_MAX, &limit, error) < 0)
        return -1;
      if (strchr (size, '/'))
        return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s[%zu].pageSize: %s is no size", write.field,
                              i, size);
      snprintf (write.file, sizeof write.file, "hugetlb.%.16s.%s", size, suffix);
      if (box_cgroup_plan_add (plan, error, write, "%llu", (unsigned long long)limit) < 0)
        return -1;
    }
  return 0;
}

int
box_cgroup_plan_rdma (struct box_cgroup_plan *plan, const json_t *rdma, struct tss_error *error)
{
  static const char where[] = "linux.resources.rdma";
  const char *device;
  json_t *object;

  json_object_foreach ((json_t *)(uintptr_t)rdma, device, object)
  {
    struct box_cgroup_write write = { .controller = "rdma", .field = where, .file = "rdma.max" };
    int64_t handles = -1, objects = -1;
    char limits[2][24] = { "max", "max" };

    if (tss_json_get_int64 (object, "hcaHandles", where, &handles, error) < 0
        || tss_json_get_int64 (object, "hcaObjects", where, &objects, error) < 0)
      return -1;
    if (handles >= 0)
      snprintf (limits[0], sizeof limits[0], "%lld", (long long)handles);
    if (objects >= 0)
      snprintf (limits[1], sizeof limits[1], "%lld", (long long)objects);
    if (box_cgroup_plan_add (plan, error, write, "%s hca_handle=%s hca_object=%s", device, limits[0], limits[1]) < 0)
      return -1;
  }
  return 0;
}

uint64_t
box_cpu_weight (uint64_t shares)
{
  if (shares < 2)
    shares = 2;
  if (shares > 262144)
    shares = 262144;
  return 1 + (shares - 2) * 9999 / 262142;
}

void
box_cgroup_plan_free (struct box_cgroup_plan *plan)
{
  free (plan->writes);
  *plan = (struct box_cgroup_plan){ 0 };
}
