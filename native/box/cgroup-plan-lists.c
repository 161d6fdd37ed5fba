/* The parts of a plan that the specification has lists for: block devices, sizes of pages, RDMA devices. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-plan.h"

#include <string.h>

static int
plan_block_device (struct box_cgroup_plan *plan, const json_t *object, const char *where,
                   const struct box_block_list *list, const char *controller, struct tss_error *error)
{
  struct box_cgroup_write write = { .controller = controller, .field = list->field, .need = list->need };
  bool is_weight = strcmp (list->value_key, "rate") != 0;
  uint64_t major = 0, minor = 0, value = 0;

  if (tss_json_need_uint (object, "major", where, UINT32_MAX, &major, error) < 0
      || tss_json_need_uint (object, "minor", where, UINT32_MAX, &minor, error) < 0)
    return -1;
  if (is_weight && !json_object_get (object, "weight") && !json_object_get (object, "leafWeight"))
    return tss_json_refuse (where, "weight", error, "expected one, or leafWeight");
  if (is_weight && !json_object_get (object, list->value_key))
    return 0;
  if (tss_json_need_uint (object, list->value_key, where, is_weight ? 1000 : INT64_MAX, &value, error) < 0)
    return -1;
  snprintf (write.file, sizeof write.file, "%s", list->file);
  return box_cgroup_plan_add (plan, error, write, "%llu:%llu %s%llu", (unsigned long long)major,
                              (unsigned long long)minor, list->prefix, (unsigned long long)value);
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
        {
          char where[96];

          snprintf (where, sizeof where, "linux.resources.blockIO.%s[%zu]", lists[i].key, j);
          if (plan_block_device (plan, json_array_get (array, j), where, &lists[i], controller, error) < 0)
            return -1;
        }
    }
  return 0;
}

/* "2MB": as the kernel names its files. */
static bool
is_page_size (const char *size)
{
  size_t digits = strspn (size, "0123456789");

  return digits > 0 && digits < 10
         && (strcmp (size + digits, "KB") == 0 || strcmp (size + digits, "MB") == 0
             || strcmp (size + digits, "GB") == 0);
}

static int
plan_page_size (struct box_cgroup_plan *plan, const json_t *object, const char *where, const char *suffix,
                struct tss_error *error)
{
  struct box_cgroup_write write = { .controller = "hugetlb", .field = "linux.resources.hugepageLimits" };
  const char *size = NULL;
  uint64_t limit = 0;

  if (tss_json_need_string (object, "pageSize", where, &size, error) < 0
      || tss_json_need_uint (object, "limit", where, INT64_MAX, &limit, error) < 0)
    return -1;
  if (!is_page_size (size))
    return tss_json_refuse (where, "pageSize", error, "%s is no size such as 2MB", size);
  snprintf (write.file, sizeof write.file, "hugetlb.%s.%s", size, suffix);
  if (box_cgroup_plan_add (plan, error, write, "%llu", (unsigned long long)limit) < 0)
    return -1;
  /* What is reserved is limited too, where the kernel can: then no process is killed for using what it has reserved. */
  write.need = BOX_CGROUP_OPTIONAL;
  snprintf (write.file, sizeof write.file, "hugetlb.%s.rsvd.%s", size, suffix);
  return box_cgroup_plan_add (plan, error, write, "%llu", (unsigned long long)limit);
}

int
box_cgroup_plan_hugepages (struct box_cgroup_plan *plan, const json_t *limits, const char *suffix,
                           struct tss_error *error)
{
  for (size_t i = 0; i < json_array_size (limits); i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.resources.hugepageLimits[%zu]", i);
      if (plan_page_size (plan, json_array_get (limits, i), where, suffix, error) < 0)
        return -1;
    }
  return 0;
}

static int
plan_rdma_device (struct box_cgroup_plan *plan, const char *device, const json_t *object, struct tss_error *error)
{
  static const char *const keys[] = { "hcaHandles", "hcaObjects" };
  struct box_cgroup_write write = { .controller = "rdma", .field = "linux.resources.rdma", .file = "rdma.max" };
  char where[sizeof error->path], limits[2][24];

  snprintf (where, sizeof where, "linux.resources.rdma.%s", device);
  if (!json_object_get (object, keys[0]) && !json_object_get (object, keys[1]))
    return tss_json_refuse (where, "", error, "expected hcaHandles or hcaObjects");
  for (size_t i = 0; i < TSS_LENGTH (keys); i++)
    {
      uint64_t limit = UINT64_MAX;

      if (tss_json_get_uint (object, keys[i], where, UINT32_MAX, &limit, error) < 0)
        return -1;
      if (limit == UINT64_MAX)
        snprintf (limits[i], sizeof limits[i], "max");
      else
        snprintf (limits[i], sizeof limits[i], "%llu", (unsigned long long)limit);
    }
  return box_cgroup_plan_add (plan, error, write, "%s hca_handle=%s hca_object=%s", device, limits[0], limits[1]);
}

int
box_cgroup_plan_rdma (struct box_cgroup_plan *plan, const json_t *rdma, struct tss_error *error)
{
  const char *device;
  json_t *object;

  json_object_foreach ((json_t *)(uintptr_t)rdma, device, object)
  {
    if (plan_rdma_device (plan, device, object, error) < 0)
      return -1;
  }
  return 0;
}
