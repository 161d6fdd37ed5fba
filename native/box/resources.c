/* linux.resources in C types. */
#include "resources.h"
#include "../common/cleanup.h"
#include "../common/json.h"

/* The lowest number would be taken for one that was not given. It is also what 2^63 is read as, see json.c. */
static int
get_number (const json_t *object, const char *key, const char *where, int64_t *result, struct tss_error *error)
{
  if (tss_json_get_int64 (object, key, where, result, error) < 0)
    return -1;
  if (*result == BOX_UNSET && json_is_integer (json_object_get (object, key)))
    return tss_json_refuse (where, key, error, "expected a whole number in range");
  return 0;
}

static int
parse_flag (const json_t *object, const char *key, const char *where, int64_t *result, struct tss_error *error)
{
  bool flag = false;

  if (tss_json_get_bool (object, key, where, &flag, error) < 0)
    return -1;
  if (json_is_boolean (json_object_get (object, key)))
    *result = flag;
  return 0;
}

static int
parse_memory (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.memory";
  int64_t *const sizes[] = { &result->memory_limit, &result->memory_reservation, &result->memory_swap };
  const json_t *memory = NULL;

  if (tss_json_get_object (object, "memory", "linux.resources", &memory, error) < 0
      || get_number (memory, "limit", where, &result->memory_limit, error) < 0
      || get_number (memory, "reservation", where, &result->memory_reservation, error) < 0
      || get_number (memory, "swap", where, &result->memory_swap, error) < 0
      || get_number (memory, "kernel", where, &result->memory_kernel, error) < 0
      || get_number (memory, "kernelTCP", where, &result->memory_kernel_tcp, error) < 0
      || get_number (memory, "swappiness", where, &result->memory_swappiness, error) < 0
      || parse_flag (memory, "disableOOMKiller", where, &result->memory_disable_oom_killer, error) < 0
      || parse_flag (memory, "useHierarchy", where, &result->memory_use_hierarchy, error) < 0
      || tss_json_get_bool (memory, "checkBeforeUpdate", where, &result->memory_check_before_update, error) < 0)
    return -1;
  /* Nothing runs without any memory: 0 is how some engines write "not given", as is -1 for this unsigned number. */
  for (size_t i = 0; i < TSS_LENGTH (sizes); i++)
    if (*sizes[i] == 0)
      *sizes[i] = BOX_UNSET;
  if (result->memory_swappiness == -1)
    result->memory_swappiness = BOX_UNSET;
  if (result->memory_swappiness != BOX_UNSET && (result->memory_swappiness < 0 || result->memory_swappiness > 100))
    return tss_json_refuse (where, "swappiness", error, "expected 0 to 100");
  if (result->memory_limit > 0 && result->memory_swap > 0 && result->memory_swap < result->memory_limit)
    return tss_json_refuse (where, "swap", error, "memory and swap together are less than the memory limit");
  return 0;
}

static int
check_cpu (const struct box_resources *result, const char *where, struct tss_error *error)
{
  if (result->cpu_shares < 0 && result->cpu_shares != BOX_UNSET)
    return tss_json_refuse (where, "shares", error, "expected 0 or more");
  if (result->cpu_period < 0 && result->cpu_period != BOX_UNSET)
    return tss_json_refuse (where, "period", error, "expected 0 or more");
  if (result->cpu_quota < -1 && result->cpu_quota != BOX_UNSET)
    return tss_json_refuse (where, "quota", error, "expected -1 or more");
  if (result->cpu_idle != BOX_UNSET && result->cpu_idle != 0 && result->cpu_idle != 1)
    return tss_json_refuse (where, "idle", error, "expected 0 or 1");
  if (result->cpu_burst < 0 && result->cpu_burst != BOX_UNSET)
    return tss_json_refuse (where, "burst", error, "expected 0 or more");
  if (result->cpu_quota > 0 && result->cpu_burst > result->cpu_quota)
    return tss_json_refuse (where, "burst", error, "is more than the quota");
  return 0;
}

static int
parse_cpu (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.cpu";
  const json_t *cpu = NULL;

  if (tss_json_get_object (object, "cpu", "linux.resources", &cpu, error) < 0
      || get_number (cpu, "shares", where, &result->cpu_shares, error) < 0
      || get_number (cpu, "quota", where, &result->cpu_quota, error) < 0
      || get_number (cpu, "period", where, &result->cpu_period, error) < 0
      || get_number (cpu, "burst", where, &result->cpu_burst, error) < 0
      || get_number (cpu, "realtimeRuntime", where, &result->cpu_realtime_runtime, error) < 0
      || get_number (cpu, "realtimePeriod", where, &result->cpu_realtime_period, error) < 0
      || get_number (cpu, "idle", where, &result->cpu_idle, error) < 0
      || tss_json_get_string (cpu, "cpus", where, &result->cpu_set, error) < 0
      || tss_json_get_string (cpu, "mems", where, &result->memory_nodes, error) < 0)
    return -1;
  return check_cpu (result, where, error);
}

/* 0 is "not given". */
static int
parse_weight (const json_t *block, const char *key, int64_t *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.blockIO";
  int64_t weight = 0;

  if (get_number (block, key, where, &weight, error) < 0)
    return -1;
  if (weight != 0 && (weight < 10 || weight > 1000))
    return tss_json_refuse (where, key, error, "expected 10 to 1000");
  if (weight != 0)
    *result = weight;
  return 0;
}

static int
parse_pids (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources.pids";
  const json_t *pids = NULL;

  if (tss_json_get_object (object, "pids", "linux.resources", &pids, error) < 0
      || get_number (pids, "limit", where, &result->pids_limit, error) < 0)
    return -1;
  if (pids && result->pids_limit == BOX_UNSET)
    return tss_json_refuse (where, "limit", error, "expected a whole number");
  return 0;
}

static int
parse_others (const json_t *object, struct box_resources *result, struct tss_error *error)
{
  static const char where[] = "linux.resources";

  if (tss_json_get_object (object, "blockIO", where, &result->block, error) < 0
      || parse_weight (result->block, "weight", &result->block_weight, error) < 0
      || parse_weight (result->block, "leafWeight", &result->block_leaf_weight, error) < 0
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
    .memory_kernel = BOX_UNSET,
    .memory_kernel_tcp = BOX_UNSET,
    .memory_swappiness = BOX_UNSET,
    .memory_disable_oom_killer = BOX_UNSET,
    .memory_use_hierarchy = BOX_UNSET,
    .cpu_shares = BOX_UNSET,
    .cpu_quota = BOX_UNSET,
    .cpu_period = BOX_UNSET,
    .cpu_burst = BOX_UNSET,
    .cpu_realtime_runtime = BOX_UNSET,
    .cpu_realtime_period = BOX_UNSET,
    .cpu_idle = BOX_UNSET,
    .pids_limit = BOX_UNSET,
    .block_weight = BOX_UNSET,
    .block_leaf_weight = BOX_UNSET,
  };
  if (parse_memory (object, resources, error) < 0 || parse_cpu (object, resources, error) < 0
      || parse_pids (object, resources, error) < 0)
    return -1;
  return parse_others (object, resources, error);
}
