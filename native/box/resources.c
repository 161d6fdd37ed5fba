/* linux.resources in C types. */
#include "resources.h"
#include "../common/json.h"

static int
parse_memory (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.memory";
  const json_t *memory = NULL;

  if (tss_json_get_object (object, "memory", "linux.resources", &memory, error) < 0
      || tss_json_get_int64 (memory, "limit", where, &result->memory_limit, error) < 0
      || tss_json_get_int64 (memory, "reservation", where, &result->memory_reservation, error) < 0
      || tss_json_get_int64 (memory, "swap", where, &result->memory_swap, error) < 0
      || tss_json_get_int64 (memory, "swappiness", where, &result->memory_swappiness, error) < 0
      || tss_json_get_bool (memory, "disableOOMKiller", where, &result->memory_disable_oom_killer, error) < 0)
    return -1;
  if (result->memory_limit > 0 && result->memory_swap > 0 && result->memory_swap < result->memory_limit)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.resources.memory.swap",
                          "linux.resources.memory.swap: memory and swap together are less than the memory limit");
  return 0;
}

static int
parse_cpu (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.cpu";
  const json_t *cpu = NULL;

  if (tss_json_get_object (object, "cpu", "linux.resources", &cpu, error) < 0
      || tss_json_get_int64 (cpu, "shares", where, &result->cpu_shares, error) < 0
      || tss_json_get_int64 (cpu, "quota", where, &result->cpu_quota, error) < 0
      || tss_json_get_int64 (cpu, "period", where, &result->cpu_period, error) < 0
      || tss_json_get_int64 (cpu, "burst", where, &result->cpu_burst, error) < 0
      || tss_json_get_int64 (cpu, "realtimeRuntime", where, &result->cpu_realtime_runtime, error) < 0
      || tss_json_get_int64 (cpu, "realtimePeriod", where, &result->cpu_realtime_period, error) < 0
      || tss_json_get_int64 (cpu, "idle", where, &result->cpu_idle, error) < 0
      || tss_json_get_string (cpu, "cpus", where, &result->cpu_set, error) < 0
      || tss_json_get_string (cpu, "mems", where, &result->memory_nodes, error) < 0)
    return -1;
  return 0;
}

static int
parse_others (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources";
  const json_t *pids = NULL;

  if (tss_json_get_object (object, "pids", where, &pids, error) < 0
      || tss_json_get_int64 (pids, "limit", "linux.resources.pids", &result->pids_limit, error) < 0
      || tss_json_get_object (object, "blockIO", where, &result->block, error) < 0
      || tss_json_get_int64 (result->block, "weight", "linux.resources.blockIO", &result->block_weight, error) < 0
      || tss_json_get_array (object, "hugepageLimits", where, &result->hugepages, error) < 0
      || tss_json_get_object (object, "network", where, &result->network, error) < 0
      || tss_json_get_object (object, "rdma", where, &result->rdma, error) < 0
      || tss_json_get_object (object, "unified", where, &result->unified, error) < 0)
    return -1;
  return 0;
}

int
box_resources_parse (const json_t *object, struct box_resources *resources, struct tss_error *error)
{
  *resources = (struct box_resources){
    .memory_limit = BOX_UNSET,
    .memory_reservation = BOX_UNSET,
    .memory_swap = BOX_UNSET,
    .memory_swappiness = BOX_UNSET,
    .cpu_shares = BOX_UNSET,
    .cpu_quota = BOX_UNSET,
    .cpu_period = BOX_UNSET,
    .cpu_burst = BOX_UNSET,
    .cpu_realtime_runtime = BOX_UNSET,
    .cpu_realtime_period = BOX_UNSET,
    .cpu_idle = BOX_UNSET,
    .pids_limit = BOX_UNSET,
    .block_weight = BOX_UNSET,
  };
  if (parse_memory (object, resources, error) < 0 || parse_cpu (object, resources, error) < 0)
    return -1;
  return parse_others (object, resources, error);
}
