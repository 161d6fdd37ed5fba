/* From resources to the writes into cgroup files that bring them about. Pure: touches no file. */
#ifndef TSSTACK_BOX_CGROUP_PLAN_H
#define TSSTACK_BOX_CGROUP_PLAN_H

#include "resources.h"

#include <stddef.h>

/* What it means when a write is not possible. */
enum box_cgroup_need
{
  BOX_CGROUP_REQUIRED, /* an error */
  BOX_CGROUP_DEGRADES, /* a host without the file gives a warning */
  BOX_CGROUP_ADVISORY, /* whatever the host says against it is a warning: it has been given up by newer kernels */
  BOX_CGROUP_OPTIONAL, /* nothing, where the host has no such file */
};

struct box_cgroup_write
{
  const char *controller; /* "" when any directory of the unified hierarchy has the file */
  const char *field;      /* of the spec, for messages */
  char file[64];
  char value[256];
  /* What is written instead on a host without FILE; empty when there is nothing. */
  char other_file[64];
  char other_value[32];
  enum box_cgroup_need need;
};

struct box_cgroup_plan
{
  struct box_cgroup_write *writes;
  size_t count;
};

int box_cgroup_plan_v1 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error);
int box_cgroup_plan_v2 (const struct box_resources *resources, struct box_cgroup_plan *plan, struct tss_error *error);
void box_cgroup_plan_free (struct box_cgroup_plan *plan);

/* Parts of a plan. */

/* Adds one write; the value is given as for printf. */
int box_cgroup_plan_add (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                         const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* Adds NUMBER, unless it was not given; -1 is written as UNLIMITED. */
int box_cgroup_plan_number (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                            int64_t number, const char *unlimited);

/* What is written into the same files in both versions, or into files that only differ by HUGEPAGE_SUFFIX. */
int box_cgroup_plan_shared (struct box_cgroup_plan *plan, const struct box_resources *resources,
                            const char *hugepage_suffix, struct tss_error *error);

/* The lists of blockIO: one write per device for each key of the spec; PREFIX comes before the number. */
struct box_block_list
{
  const char *key;       /* of the list */
  const char *value_key; /* in each of its members */
  const char *field, *file, *prefix;
  enum box_cgroup_need need;
};
int box_cgroup_plan_block (struct box_cgroup_plan *plan, const json_t *block, const struct box_block_list *lists,
                           size_t count, const char *controller, struct tss_error *error);

/* hugepageLimits, rdma. */
int box_cgroup_plan_hugepages (struct box_cgroup_plan *plan, const json_t *limits, const char *suffix,
                               struct tss_error *error);
int box_cgroup_plan_rdma (struct box_cgroup_plan *plan, const json_t *rdma, struct tss_error *error);

/* Burst 0 is what a host has that knows of none. */
enum box_cgroup_need box_cpu_burst_need (const struct box_resources *resources);

/* cpu.weight of v2 (1 to 10000) for cpu.shares of v1 (2 to 262144). */
uint64_t box_cpu_weight (uint64_t shares);

/* io.weight of v2 (1 to 10000) for the weights of the specification (10 to 1000). */
uint64_t box_block_weight (uint64_t weight);

#endif
