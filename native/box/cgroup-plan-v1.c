/* From resources to writes, where every controller has a hierarchy of its own. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-plan.h"

#include <string.h>

#define FIELD(name) "linux.resources." name

static int
plan_memory (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write limit
      = { .controller = "memory", .file = "memory.limit_in_bytes", .field = FIELD ("memory.limit") };
  const struct box_cgroup_write swap = {
    .controller = "memory", .file = "memory.memsw.limit_in_bytes", .field = FIELD ("memory.swap"), .degrades = true
  };
  const struct box_cgroup_write reservation
      = { .controller = "memory", .file = "memory.soft_limit_in_bytes", .field = FIELD ("memory.reservation") };
  const struct box_cgroup_write swappiness
      = { .controller = "memory", .file = "memory.swappiness", .field = FIELD ("memory.swappiness") };
  const struct box_cgroup_write oom
      = { .controller = "memory", .file = "memory.oom_control", .field = FIELD ("memory.disableOOMKiller") };

  if (box_cgroup_plan_number (plan, error, limit, resources->memory_limit, "-1") < 0
      || box_cgroup_plan_number (plan, error, swap, resources->memory_swap, "-1") < 0
      || box_cgroup_plan_number (plan, error, reservation, resources->memory_reservation, "-1") < 0
      || box_cgroup_plan_number (plan, error, swappiness, resources->memory_swappiness, "-1") < 0)
    return -1;
  return resources->memory_disable_oom_killer ? box_cgroup_plan_add (plan, error, oom, "1") : 0;
}

static int
plan_cpu (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct
  {
    const char *controller, *file, *field;
    int64_t value;
  } writes[] = {
    { "cpu", "cpu.shares", FIELD ("cpu.shares"), resources->cpu_shares },
    /* The period first: a quota is checked against it. */
    { "cpu", "cpu.cfs_period_us", FIELD ("cpu.period"), resources->cpu_period },
    { "cpu", "cpu.cfs_quota_us", FIELD ("cpu.quota"), resources->cpu_quota },
    { "cpu", "cpu.cfs_burst_us", FIELD ("cpu.burst"), resources->cpu_burst },
    { "cpu", "cpu.rt_period_us", FIELD ("cpu.realtimePeriod"), resources->cpu_realtime_period },
    { "cpu", "cpu.rt_runtime_us", FIELD ("cpu.realtimeRuntime"), resources->cpu_realtime_runtime },
    { "cpu", "cpu.idle", FIELD ("cpu.idle"), resources->cpu_idle },
  };

  for (size_t i = 0; i < TSS_LENGTH (writes); i++)
    {
      struct box_cgroup_write write = { .controller = writes[i].controller, .field = writes[i].field };

      /* 0 is how engines write "not given" for these. */
      if (writes[i].value == 0 && strcmp (writes[i].file, "cpu.idle") != 0)
        continue;
      snprintf (write.file, sizeof write.file, "%s", writes[i].file);
      if (box_cgroup_plan_number (plan, error, write, writes[i].value, "-1") < 0)
        return -1;
    }
  return 0;
}

static int
plan_cpu_set (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write cpus = { .controller = "cpuset", .file = "cpuset.cpus", .field = FIELD ("cpu.cpus") };
  const struct box_cgroup_write nodes = { .controller = "cpuset", .file = "cpuset.mems", .field = FIELD ("cpu.mems") };

  if (resources->cpu_set && *resources->cpu_set
      && box_cgroup_plan_add (plan, error, cpus, "%s", resources->cpu_set) < 0)
    return -1;
  if (resources->memory_nodes && *resources->memory_nodes)
    return box_cgroup_plan_add (plan, error, nodes, "%s", resources->memory_nodes);
  return 0;
}

static int
plan_block (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  static const struct box_block_list lists[] = {
    { "weightDevice", "blkio.bfq.weight_device", "" },
    { "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "" },
    { "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "" },
    { "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "" },
    { "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "" },
  };
  const struct box_cgroup_write weight
      = { .controller = "blkio", .file = "blkio.bfq.weight", .field = FIELD ("blockIO.weight"), .degrades = true };

  if (resources->block_weight > 0 && box_cgroup_plan_number (plan, error, weight, resources->block_weight, "") < 0)
    return -1;
  return box_cgroup_plan_block (plan, resources->block, lists, TSS_LENGTH (lists), "blkio", error);
}

static int
plan_network (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write class = { .controller = "net_cls",
                                          .file = "net_cls.classid",
                                          .field = FIELD ("network.classID") };
  const struct box_cgroup_write priority
      = { .controller = "net_prio", .file = "net_prio.ifpriomap", .field = FIELD ("network.priorities") };
  const json_t *priorities = NULL;
  int64_t id = BOX_UNSET;

  if (tss_json_get_int64 (resources->network, "classID", FIELD ("network"), &id, error) < 0
      || tss_json_get_array (resources->network, "priorities", FIELD ("network"), &priorities, error) < 0
      || box_cgroup_plan_number (plan, error, class, id, "0") < 0)
    return -1;
  for (size_t i = 0; i < json_array_size (priorities); i++)
    {
      const char *name = NULL;
      uint64_t value = 0;

      if (tss_json_need_string (json_array_get (priorities, i), "name", priority.field, &name, error) < 0
          || tss_json_get_uint (json_array_get (priorities, i), "priority", priority.field, UINT32_MAX, &value, error)
                 < 0
          || box_cgroup_plan_add (plan, error, priority, "%s %llu", name, (unsigned long long)value) < 0)
        return -1;
    }
  return 0;
}

int
box_cgroup_plan_v1 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write pids = { .controller = "pids", .file = "pids.max", .field = FIELD ("pids.limit") };
  /* Engines write 0 as well as -1 for "no limit". */
  int64_t pids_limit = resources->pids_limit == 0 ? -1 : resources->pids_limit;

  *plan = (struct box_cgroup_plan){ 0 };
  if (json_object_size (resources->unified) > 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, FIELD ("unified"),
                          "linux.resources.unified: this host has no unified cgroup hierarchy");
  if (plan_memory (resources, plan, error) < 0 || plan_cpu (resources, plan, error) < 0
      || plan_cpu_set (resources, plan, error) < 0 || box_cgroup_plan_number (plan, error, pids, pids_limit, "max") < 0
      || plan_block (resources, plan, error) < 0 || plan_network (resources, plan, error) < 0
      || box_cgroup_plan_hugepages (plan, resources->hugepages, "limit_in_bytes", error) < 0
      || box_cgroup_plan_rdma (plan, resources->rdma, error) < 0)
    {
      box_cgroup_plan_free (plan);
      return -1;
    }
  return 0;
}
