/* linux.resources in C types. */
#ifndef TSSTACK_BOX_RESOURCES_H
#define TSSTACK_BOX_RESOURCES_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A number that was not given. -1 means "no limit". */
#define BOX_UNSET INT64_MIN

struct box_resources
{
  int64_t memory_limit, memory_reservation, memory_swap, memory_kernel, memory_kernel_tcp, memory_swappiness;
  int64_t memory_disable_oom_killer, memory_use_hierarchy; /* 0, 1 or BOX_UNSET */
  bool memory_check_before_update;
  int64_t cpu_shares, cpu_quota, cpu_period, cpu_burst, cpu_realtime_runtime, cpu_realtime_period, cpu_idle;
  const char *cpu_set, *memory_nodes;
  int64_t pids_limit;
  int64_t block_weight, block_leaf_weight;
  const json_t *block; /* blockIO, for its lists of devices */
  const json_t *hugepages, *network, *rdma, *unified;
};

/* Numbers and words are checked; lists are when they are planned. */
int box_resources_parse (const json_t *object, struct box_resources *resources, struct tss_error *error);

#endif
