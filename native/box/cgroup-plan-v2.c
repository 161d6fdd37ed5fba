/* From resources to writes in the unified hierarchy. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-plan.h"

#include <string.h>

#define FIELD(name) "linux.resources." name

/* The spec's swap is memory and swap together, that of the kernel is swap alone. */
static int
plan_swap (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write write
      = { .controller = "memory", .file = "memory.swap.max", .field = FIELD ("memory.swap"), .degrades = true };
  int64_t swap = resources->memory_swap;

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
  if (resources->memory_swappiness > 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, FIELD ("memory.swappiness"),
                          "linux.resources.memory.swappiness: the unified cgroup hierarchy has no such setting");
  return 0;
}

static int
plan_cpu (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write weight = { .controller = "cpu", .file = "cpu.weight", .field = FIELD ("cpu.shares") };
  const struct box_cgroup_write maximum = { .controller = "cpu", .file = "cpu.max", .field = FIELD ("cpu.quota") };
  const struct box_cgroup_write burst = { .controller = "cpu", .file = "cpu.max.burst", .field = FIELD ("cpu.burst") };
  const struct box_cgroup_write idle = { .controller = "cpu", .file = "cpu.idle", .field = FIELD ("cpu.idle") };
  /* 100 ms, the kernel's own default. */
  long long period = resources->cpu_period > 0 ? resources->cpu_period : 100000;

  if (resources->cpu_shares > 0
      && box_cgroup_plan_add (plan, error, weight, "%llu",
                              (unsigned long long)box_cpu_weight ((uint64_t)resources->cpu_shares))
             < 0)
    return -1;
  if (resources->cpu_quota > 0
      && box_cgroup_plan_add (plan, error, maximum, "%lld %lld", (long long)resources->cpu_quota, period) < 0)
    return -1;
  if (resources->cpu_quota <= 0 && (resources->cpu_quota == -1 || resources->cpu_period > 0)
      && box_cgroup_plan_add (plan, error, maximum, "max %lld", period) < 0)
    return -1;
  if (resources->cpu_realtime_runtime > 0 || resources->cpu_realtime_period > 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, FIELD ("cpu.realtimeRuntime"),
                          "linux.resources.cpu.realtimeRuntime: the unified cgroup hierarchy has no such setting");
  if (box_cgroup_plan_number (plan, error, burst, resources->cpu_burst == 0 ? BOX_UNSET : resources->cpu_burst, "0")
      < 0)
    return -1;
  return box_cgroup_plan_number (plan, error, idle, resources->cpu_idle, "0");
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
    { "weightDevice", "io.bfq.weight", "" },           { "throttleReadBpsDevice", "io.max", "rbps=" },
    { "throttleWriteBpsDevice", "io.max", "wbps=" },   { "throttleReadIOPSDevice", "io.max", "riops=" },
    { "throttleWriteIOPSDevice", "io.max", "wiops=" },
  };
  const struct box_cgroup_write weight
      = { .controller = "io", .file = "io.bfq.weight", .field = FIELD ("blockIO.weight"), .degrades = true };

  if (resources->block_weight > 0 && box_cgroup_plan_number (plan, error, weight, resources->block_weight, "") < 0)
    return -1;
  return box_cgroup_plan_block (plan, resources->block, lists, TSS_LENGTH (lists), "io", error);
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
      return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s.%s: expected a string", write.field, file);
    if (strchr (file, '/') || !strchr (file, '.') || strncmp (file, "cgroup.", 7) == 0
        || (size_t)snprintf (write.file, sizeof write.file, "%s", file) >= sizeof write.file)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: %s is no file of a controller", write.field,
                            file);
    if (box_cgroup_plan_add (plan, error, write, "%s", json_string_value (value)) < 0)
      return -1;
  }
  return 0;
}

int
box_cgroup_plan_v2 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error)
{
  const struct box_cgroup_write pids = { .controller = "pids", .file = "pids.max", .field = FIELD ("pids.limit") };
  /* Engines write 0 as well as -1 for "no limit". */
  int64_t pids_limit = resources->pids_limit == 0 ? -1 : resources->pids_limit;

  *plan = (struct box_cgroup_plan){ 0 };
  if (json_object_size (resources->network) > 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, FIELD ("network"),
                          "linux.resources.network: the unified cgroup hierarchy has no such setting");
  if (plan_memory (resources, plan, error) < 0 || plan_cpu (resources, plan, error) < 0
      || plan_cpu_set (resources, plan, error) < 0 || box_cgroup_plan_number (plan, error, pids, pids_limit, "max") < 0
      || plan_block (resources, plan, error) < 0
      || box_cgroup_plan_hugepages (plan, resources->hugepages, "max", error) < 0
      || box_cgroup_plan_rdma (plan, resources->rdma, error) < 0 || plan_unified (resources, plan, error) < 0)
    {
      box_cgroup_plan_free (plan);
      return -1;
    }
  return 0;
}
