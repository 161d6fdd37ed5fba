/* What the plans of both cgroup versions have in common. */
#include "cgroup-plan.h"
#include "../common/cleanup.h"

#include <stdarg.h>
#include <string.h>

int
box_cgroup_plan_add (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                     const char *format, ...)
{
  struct box_cgroup_write *larger = reallocarray (plan->writes, plan->count + 1, sizeof *larger);
  va_list arguments;
  int length;

  if (!larger)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, write.field, "plan the cgroup");
  plan->writes = larger;
  va_start (arguments, format);
  length = vsnprintf (write.value, sizeof write.value, format, arguments);
  va_end (arguments);
  if (length < 0 || (size_t)length >= sizeof write.value)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: value too long", write.field);
  plan->writes[plan->count++] = write;
  return 0;
}

int
box_cgroup_plan_number (struct box_cgroup_plan *plan, struct tss_error *error, struct box_cgroup_write write,
                        int64_t number, const char *unlimited)
{
  if (number == BOX_UNSET)
    return 0;
  if (number < -1)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, write.field, "%s: expected -1 or more", write.field);
  if (number == -1)
    return box_cgroup_plan_add (plan, error, write, "%s", unlimited);
  return box_cgroup_plan_add (plan, error, write, "%lld", (long long)number);
}

static int
plan_cpu_set (struct box_cgroup_plan *plan, const struct box_resources *resources, struct tss_error *error)
{
  const struct box_cgroup_write cpus
      = { .controller = "cpuset", .file = "cpuset.cpus", .field = "linux.resources.cpu.cpus" };
  const struct box_cgroup_write nodes
      = { .controller = "cpuset", .file = "cpuset.mems", .field = "linux.resources.cpu.mems" };

  if (resources->cpu_set && *resources->cpu_set
      && box_cgroup_plan_add (plan, error, cpus, "%s", resources->cpu_set) < 0)
    return -1;
  if (resources->memory_nodes && *resources->memory_nodes)
    return box_cgroup_plan_add (plan, error, nodes, "%s", resources->memory_nodes);
  return 0;
}

/* Given up by kernels since 5.16, and never in the unified hierarchy. What asks for no limit has one already. */
static int
plan_kernel_memory (struct box_cgroup_plan *plan, const struct box_resources *resources, struct tss_error *error)
{
  const struct box_cgroup_write kernel = { .controller = "memory",
                                           .file = "memory.kmem.limit_in_bytes",
                                           .field = "linux.resources.memory.kernel",
                                           .need = BOX_CGROUP_ADVISORY };
  const struct box_cgroup_write tcp = { .controller = "memory",
                                        .file = "memory.kmem.tcp.limit_in_bytes",
                                        .field = "linux.resources.memory.kernelTCP",
                                        .need = BOX_CGROUP_ADVISORY };

  if (resources->memory_kernel > 0 && box_cgroup_plan_number (plan, error, kernel, resources->memory_kernel, "-1") < 0)
    return -1;
  return resources->memory_kernel_tcp > 0
             ? box_cgroup_plan_number (plan, error, tcp, resources->memory_kernel_tcp, "-1")
             : 0;
}

int
box_cgroup_plan_shared (struct box_cgroup_plan *plan, const struct box_resources *resources,
                        const char *hugepage_suffix, struct tss_error *error)
{
  const struct box_cgroup_write pids
      = { .controller = "pids", .file = "pids.max", .field = "linux.resources.pids.limit" };
  /* Engines write 0 as well as -1 for "no limit". */
  int64_t pids_limit = resources->pids_limit == 0 ? -1 : resources->pids_limit;

  if (plan_kernel_memory (plan, resources, error) < 0 || plan_cpu_set (plan, resources, error) < 0
      || box_cgroup_plan_number (plan, error, pids, pids_limit, "max") < 0
      || box_cgroup_plan_hugepages (plan, resources->hugepages, hugepage_suffix, error) < 0)
    return -1;
  return box_cgroup_plan_rdma (plan, resources->rdma, error);
}

enum box_cgroup_need
box_cpu_burst_need (const struct box_resources *resources)
{
  return resources->cpu_burst == 0 ? BOX_CGROUP_OPTIONAL : BOX_CGROUP_REQUIRED;
}

/* Both scales mapped onto each other end to end. */
static uint64_t
scale_weight (uint64_t value, uint64_t least, uint64_t most)
{
  if (value < least)
    value = least;
  if (value > most)
    value = most;
  return 1 + (value - least) * 9999 / (most - least);
}

uint64_t
box_cpu_weight (uint64_t shares)
{
  return scale_weight (shares, 2, 262144);
}

uint64_t
box_block_weight (uint64_t weight)
{
  return scale_weight (weight, 10, 1000);
}

void
box_cgroup_plan_free (struct box_cgroup_plan *plan)
{
  free (plan->writes);
  *plan = (struct box_cgroup_plan){ 0 };
}
