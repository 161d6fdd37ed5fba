/* From resources to writes, where every controller has a hierarchy of its own. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-plan.h"

#include <string.h>

#define FIELD(name) "linux.resources." name

static int
plan_memory (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  /* No limit of memory is none of memory and swap together, which the kernel would otherwise refuse. */
  bool swap_follows = resources->memory_limit == -1 && resources->memory_swap == BOX_UNSET;
  const struct
  {
    const char *file, *field;
    int64_t value;
    enum box_cgroup_need need;
  } writes[] = {
    /* Before the limit: who is there already is not to be killed for it in between. */
    { "memory.oom_control", FIELD ("memory.disableOOMKiller"), resources->memory_disable_oom_killer,
      BOX_CGROUP_REQUIRED },
    { "memory.limit_in_bytes", FIELD ("memory.limit"), resources->memory_limit, BOX_CGROUP_REQUIRED },
    { "memory.memsw.limit_in_bytes", FIELD ("memory.swap"), swap_follows ? -1 : resources->memory_swap,
      swap_follows ? BOX_CGROUP_OPTIONAL : BOX_CGROUP_DEGRADES },
    { "memory.soft_limit_in_bytes", FIELD ("memory.reservation"), resources->memory_reservation, BOX_CGROUP_REQUIRED },
    { "memory.swappiness", FIELD ("memory.swappiness"), resources->memory_swappiness, BOX_CGROUP_REQUIRED },
    { "memory.use_hierarchy", FIELD ("memory.useHierarchy"), resources->memory_use_hierarchy, BOX_CGROUP_ADVISORY },
  };

  for (size_t i = 0; i < TSS_LENGTH (writes); i++)
    {
      struct box_cgroup_write write = { .controller = "memory", .field = writes[i].field, .need = writes[i].need };

      snprintf (write.file, sizeof write.file, "%s", writes[i].file);
      if (box_cgroup_plan_number (plan, error, write, writes[i].value, "-1") < 0)
        return -1;
    }
  return 0;
}

static int
plan_cpu (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct
  {
    const char *controller, *file, *field;
    int64_t value;
    bool may_be_zero;
    enum box_cgroup_need need;
  } writes[] = {
    { "cpu", "cpu.shares", FIELD ("cpu.shares"), resources->cpu_shares, false, BOX_CGROUP_REQUIRED },
    /* The period first: a quota is checked against it. */
    { "cpu", "cpu.cfs_period_us", FIELD ("cpu.period"), resources->cpu_period, false, BOX_CGROUP_REQUIRED },
    { "cpu", "cpu.cfs_quota_us", FIELD ("cpu.quota"), resources->cpu_quota, false, BOX_CGROUP_REQUIRED },
    { "cpu", "cpu.cfs_burst_us", FIELD ("cpu.burst"), resources->cpu_burst, true, box_cpu_burst_need (resources) },
    { "cpu", "cpu.rt_period_us", FIELD ("cpu.realtimePeriod"), resources->cpu_realtime_period, false,
      BOX_CGROUP_REQUIRED },
    { "cpu", "cpu.rt_runtime_us", FIELD ("cpu.realtimeRuntime"), resources->cpu_realtime_runtime, false,
      BOX_CGROUP_REQUIRED },
    { "cpu", "cpu.idle", FIELD ("cpu.idle"), resources->cpu_idle, true, BOX_CGROUP_REQUIRED },
  };

  for (size_t i = 0; i < TSS_LENGTH (writes); i++)
    {
      struct box_cgroup_write write
          = { .controller = writes[i].controller, .field = writes[i].field, .need = writes[i].need };

      /* 0 is how engines write "not given" for most of these. */
      if (writes[i].value == 0 && !writes[i].may_be_zero)
        continue;
      snprintf (write.file, sizeof write.file, "%s", writes[i].file);
      if (box_cgroup_plan_number (plan, error, write, writes[i].value, "-1") < 0)
        return -1;
    }
  return 0;
}

static int
plan_block (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
#define LIST(key, value_key, file, need)                                                                               \
  {                                                                                                                    \
    key, value_key, FIELD ("blockIO." key), file, "", need                                                             \
  }
  static const struct box_block_list lists[] = {
    LIST ("weightDevice", "weight", "blkio.bfq.weight_device", BOX_CGROUP_DEGRADES),
    LIST ("weightDevice", "leafWeight", "blkio.leaf_weight_device", BOX_CGROUP_DEGRADES),
    LIST ("throttleReadBpsDevice", "rate", "blkio.throttle.read_bps_device", BOX_CGROUP_REQUIRED),
    LIST ("throttleWriteBpsDevice", "rate", "blkio.throttle.write_bps_device", BOX_CGROUP_REQUIRED),
    LIST ("throttleReadIOPSDevice", "rate", "blkio.throttle.read_iops_device", BOX_CGROUP_REQUIRED),
    LIST ("throttleWriteIOPSDevice", "rate", "blkio.throttle.write_iops_device", BOX_CGROUP_REQUIRED),
  };
#undef LIST
  struct box_cgroup_write weight = { .controller = "blkio",
                                     .file = "blkio.bfq.weight",
                                     .other_file = "blkio.weight",
                                     .field = FIELD ("blockIO.weight"),
                                     .need = BOX_CGROUP_DEGRADES };
  const struct box_cgroup_write leaf_weight = { .controller = "blkio",
                                                .file = "blkio.leaf_weight",
                                                .field = FIELD ("blockIO.leafWeight"),
                                                .need = BOX_CGROUP_DEGRADES };

  snprintf (weight.other_value, sizeof weight.other_value, "%lld", (long long)resources->block_weight);
  if (box_cgroup_plan_number (plan, error, weight, resources->block_weight, "") < 0
      || box_cgroup_plan_number (plan, error, leaf_weight, resources->block_leaf_weight, "") < 0)
    return -1;
  return box_cgroup_plan_block (plan, resources->block, lists, TSS_LENGTH (lists), "blkio", error);
}

static int
plan_priority (struct box_cgroup_plan *plan, const json_t *object, size_t index, struct tss_error *error)
{
  const struct box_cgroup_write write
      = { .controller = "net_prio", .file = "net_prio.ifpriomap", .field = FIELD ("network.priorities") };
  const char *name = NULL;
  uint64_t value = 0;
  char where[64];

  snprintf (where, sizeof where, FIELD ("network.priorities[%zu]"), index);
  if (tss_json_need_string (object, "name", where, &name, error) < 0
      || tss_json_need_uint (object, "priority", where, UINT32_MAX, &value, error) < 0)
    return -1;
  return box_cgroup_plan_add (plan, error, write, "%s %llu", name, (unsigned long long)value);
}

static int
plan_network (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write class = { .controller = "net_cls",
                                          .file = "net_cls.classid",
                                          .field = FIELD ("network.classID") };
  const json_t *priorities = NULL;
  uint64_t id = UINT64_MAX;

  if (tss_json_get_uint (resources->network, "classID", FIELD ("network"), UINT32_MAX, &id, error) < 0
      || tss_json_get_array (resources->network, "priorities", FIELD ("network"), &priorities, error) < 0
      || (id != UINT64_MAX && box_cgroup_plan_add (plan, error, class, "%llu", (unsigned long long)id) < 0))
    return -1;
  for (size_t i = 0; i < json_array_size (priorities); i++)
    if (plan_priority (plan, json_array_get (priorities, i), i, error) < 0)
      return -1;
  return 0;
}

int
box_cgroup_plan_v1 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  *plan = (struct box_cgroup_plan){ 0 };
  if (json_object_size (resources->unified) > 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, FIELD ("unified"),
                          "linux.resources.unified: this host has no unified cgroup hierarchy");
  if (plan_memory (resources, plan, error) < 0 || plan_cpu (resources, plan, error) < 0
      || plan_block (resources, plan, error) < 0 || plan_network (resources, plan, error) < 0
      || box_cgroup_plan_shared (plan, resources, "limit_in_bytes", error) < 0)
    {
      box_cgroup_plan_free (plan);
      return -1;
    }
  return 0;
}
