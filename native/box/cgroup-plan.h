/* From resources to the writes into cgroup files that bring them about. Pure: touches no file. */
#ifndef TSSTACK_BOX_CGROUP_PLAN_H
#define TSSTACK_BOX_CGROUP_PLAN_H

#include "resources.h"

#include <stddef.h>

struct box_cgroup_write
{
  const char *controller; /* "" when any directory of the unified hierarchy has the file */
  const char *field;      /* of the spec, for messages */
  char file[64];
  char value[128];
  bool degrades; /* a host without the file gives a warning instead of an error */
};

struct box_cgroup_plan
{
  struct box_cgroup_write *writes;
  size_t count;
};

int box_cgroup_plan_v1 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error);
int box_cgroup_plan_v2 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error);
void box_cgroup_plan_free (struct box_cgroup_plan *plan);

/* Adds one write; the value is given as for printf. */
int box_cgroup_plan_add (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                         const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* Adds NUMBER, unless it was not given; -1 is written as UNLIMITED. */
int box_cgroup_plan_number (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                            int64_t number, const char *unlimited);

/* The lists of blockIO: one write per device for each key of the spec; PREFIX comes before the number. */
struct box_block_list
{
  const char *key, *file, *prefix;
};
int box_cgroup_plan_block (struct box_cgroup_plan *plan, const json_t *block, const struct box_block_list *lists,
                           size_t count, const char *controller, struct tss_error *error);

/* hugepageLimits, rdma: the same in both versions but for the last part of a file name. */
int box_cgroup_plan_hugepages (struct box_cgroup_plan *plan, const json_t *limits, const char *suffix,
                               struct tss_error *error);
int box_cgroup_plan_rdma (struct box_cgroup_plan *plan, const json_t *rdma, struct tss_error *error);

/* cpu.weight of v2 (1 to 10000) for cpu.shares of v1 (2 to 262144). */
uint64_t box_cpu_weight (uint64_t shares);

#endif
