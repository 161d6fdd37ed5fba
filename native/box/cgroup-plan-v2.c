/* From resources to writes in the unified hierarchy. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-plan.h"

#include <string.h>

#define FIELD(name) "linux.resources." name

static int
refuse (const char *field, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: the unified cgroup hierarchy has no such setting",
                        field);
}

/* The spec's swap is memory and swap together, that of the kernel is swap alone. */
static int
plan_swap (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  /* No limit of memory is none of memory and swap together. */
  bool follows = resources->memory_limit == -1 && resources->memory_swap == BOX_UNSET;
  const struct box_cgroup_write write = { .controller = "memory",
                                          .file = "memory.swap.max",
                                          .field = FIELD ("memory.swap"),
                                          .need = follows ? BOX_CGROUP_OPTIONAL : BOX_CGROUP_DEGRADES };
  int64_t swap = follows ? -1 : resources->memory_swap;

  if (swap > 0 && resources->memory_limit <= 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: needs memory.limit", write.field);
  if (swap > 0)
    swap -= resources->memory_limit;
  return box_cgroup_plan_number (plan, error, write, swap, "max");
}

static int
plan_memory (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write limit
      = { .controller = "memory", .file = "memory.max", .field = FIELD ("memory.limit") };
  const struct box_cgroup_write reservation
      = { .controller = "memory", .file = "memory.low", .field = FIELD ("memory.reservation") };

  if (box_cgroup_plan_number (plan, error, limit, resources->memory_limit, "max") < 0
      || plan_swap (resources, plan, error) < 0
      || box_cgroup_plan_number (plan, error, reservation, resources->memory_reservation, "max") < 0)
    return -1;
  if (resources->memory_swappiness != BOX_UNSET)
    return refuse (FIELD ("memory.swappiness"), error);
  if (resources->memory_disable_oom_killer == 1)
    return refuse (FIELD ("memory.disableOOMKiller"), error);
  return resources->memory_use_hierarchy == 0 ? refuse (FIELD ("memory.useHierarchy"), error) : 0;
}

/* A quota alone leaves the period as it is. */
static int
plan_cpu_maximum (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write maximum = { .controller = "cpu", .file = "cpu.max", .field = FIELD ("cpu.quota") };
  bool has_quota = resources->cpu_quota != BOX_UNSET && resources->cpu_quota != 0;
  char quota[24] = "max", period[24] = "";

  if (!has_quota && resources->cpu_period <= 0)
    return 0;
  if (resources->cpu_quota > 0)
    snprintf (quota, sizeof quota, "%lld", (long long)resources->cpu_quota);
  if (resources->cpu_period > 0)
    snprintf (period, sizeof period, " %lld", (long long)resources->cpu_period);
  return box_cgroup_plan_add (plan, error, maximum, "%s%s", quota, period);
}

static int
plan_cpu (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write weight = { .controller = "cpu", .file = "cpu.weight", .field = FIELD ("cpu.shares") };
  const struct box_cgroup_write burst = {
    .controller = "cpu", .file = "cpu.max.burst", .field = FIELD ("cpu.burst"), .need = box_cpu_burst_need (resources)
  };
  const struct box_cgroup_write idle = { .controller = "cpu", .file = "cpu.idle", .field = FIELD ("cpu.idle") };

  if (resources->cpu_shares > 0
      && box_cgroup_plan_add (plan, error, weight, "%llu",
                              (unsigned long long)box_cpu_weight ((uint64_t)resources->cpu_shares))
             < 0)
    return -1;
  if (plan_cpu_maximum (resources, plan, error) < 0)
    return -1;
  if (resources->cpu_realtime_runtime > 0 || resources->cpu_realtime_period > 0)
    return refuse (FIELD ("cpu.realtimeRuntime"), error);
  if (box_cgroup_plan_number (plan, error, burst, resources->cpu_burst, "0") < 0)
    return -1;
  return box_cgroup_plan_number (plan, error, idle, resources->cpu_idle, "0");
}

static int
plan_block (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
#define LIST(key, value_key, file, prefix, need)                                                                       \
  {                                                                                                                    \
    key, value_key, FIELD ("blockIO." key), file, prefix, need                                                         \
  }
  static const struct box_block_list lists[] = {
    LIST ("weightDevice", "weight", "io.bfq.weight", "", BOX_CGROUP_DEGRADES),
    LIST ("weightDevice", "leafWeight", "io.leaf_weight", "", BOX_CGROUP_DEGRADES), /* no kernel has it */
    LIST ("throttleReadBpsDevice", "rate", "io.max", "rbps=", BOX_CGROUP_REQUIRED),
    LIST ("throttleWriteBpsDevice", "rate", "io.max", "wbps=", BOX_CGROUP_REQUIRED),
    LIST ("throttleReadIOPSDevice", "rate", "io.max", "riops=", BOX_CGROUP_REQUIRED),
    LIST ("throttleWriteIOPSDevice", "rate", "io.max", "wiops=", BOX_CGROUP_REQUIRED),
  };
#undef LIST
  struct box_cgroup_write weight = { .controller = "io",
                                     .file = "io.bfq.weight",
                                     .other_file = "io.weight",
                                     .field = FIELD ("blockIO.weight"),
                                     .need = BOX_CGROUP_DEGRADES };
  const struct box_cgroup_write leaf_weight = {
    .controller = "io", .file = "io.leaf_weight", .field = FIELD ("blockIO.leafWeight"), .need = BOX_CGROUP_DEGRADES
  };

  snprintf (weight.other_value, sizeof weight.other_value, "%llu",
            (unsigned long long)box_block_weight ((uint64_t)resources->block_weight));
  if (box_cgroup_plan_number (plan, error, weight, resources->block_weight, "") < 0
      || box_cgroup_plan_number (plan, error, leaf_weight, resources->block_leaf_weight, "") < 0)
    return -1;
  return box_cgroup_plan_block (plan, resources->block, lists, TSS_LENGTH (lists), "io", error);
}

/* The kernel takes one line at a time. */
static int
plan_lines (struct box_cgroup_plan *plan, const struct box_cgroup_write *write, const char *value,
            struct tss_error *error)
{
  do
    {
      size_t length = strcspn (value, "\n");

      if (box_cgroup_plan_add (plan, error, *write, "%.*s", (int)length, value) < 0)
        return -1;
      value += length + (value[length] == '\n');
    }
  while (*value);
  return 0;
}

/* Files named by the user, as they are. */
static int
plan_unified (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const char *file;
  json_t *value;

  json_object_foreach ((json_t *)(uintptr_t)resources->unified, file, value)
  {
    struct box_cgroup_write write = { .controller = "", .field = FIELD ("unified") };

    if (!json_is_string (value))
      return tss_json_refuse (write.field, file, error, "expected a string");
    if (strchr (file, '/') || !strchr (file, '.') || strncmp (file, "cgroup.", 7) == 0
        || (size_t)snprintf (write.file, sizeof write.file, "%s", file) >= sizeof write.file)
      return tss_json_refuse (write.field, file, error, "is no file of a controller");
    if (plan_lines (plan, &write, json_string_value (value), error) < 0)
      return -1;
  }
  return 0;
}

int
box_cgroup_plan_v2 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  *plan = (struct box_cgroup_plan){ 0 };
  if (json_object_size (resources->network) > 0)
    return refuse (FIELD ("network"), error);
  if (plan_memory (resources, plan, error) < 0 || plan_cpu (resources, plan, error) < 0
      || plan_block (resources, plan, error) < 0 || box_cgroup_plan_shared (plan, resources, "max", error) < 0
      || plan_unified (resources, plan, error) < 0)
    {
      box_cgroup_plan_free (plan);
      return -1;
    }
  return 0;
}
