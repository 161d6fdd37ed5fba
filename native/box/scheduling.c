/* Scheduler, I/O priority and CPUs of the calling process. */
#include "scheduling.h"
#include "../common/cleanup.h"

#include <limits.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <string.h>
#include <sys/syscall.h>

static int
set_scheduler (const struct box_scheduling *scheduling, struct tss_error *error)
{
  struct sched_attr attributes = { .size = sizeof attributes,
                                   .sched_policy = scheduling->policy,
                                   .sched_flags = scheduling->flags,
                                   .sched_nice = scheduling->nice,
                                   .sched_priority = scheduling->priority,
                                   .sched_runtime = scheduling->runtime,
                                   .sched_deadline = scheduling->deadline,
                                   .sched_period = scheduling->period,
                                   /* The specification has the flags for these, and no values: the host's own. */
                                   .sched_util_min = UINT32_MAX,
                                   .sched_util_max = UINT32_MAX };
  const char *hint = "";

  if (!scheduling->policy_name || syscall (SYS_sched_setattr, 0, &attributes, 0) == 0)
    return 0;
  if (errno == EPERM && scheduling->priority > 0)
    hint = " (a cgroup needs linux.resources.cpu.realtimeRuntime for it, and the caller CAP_SYS_NICE)";
  return tss_error_set (error, TSS_ERROR_INVALID, errno, "process.scheduler", "process.scheduler: set %s%s",
                        scheduling->policy_name, hint);
}

int
box_scheduling_apply (const struct box_scheduling *scheduling, struct tss_error *error)
{
  if (scheduling->io_priority != BOX_IO_PRIORITY_UNSET
      && syscall (SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, scheduling->io_priority) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "process.ioPriority", "process.ioPriority: set it");
  return set_scheduler (scheduling, error);
}

enum
{
  WORD_BITS = CHAR_BIT * sizeof (unsigned long)
};

static bool
read_number (const char **cursor, unsigned long *number)
{
  char *end;

  if (**cursor < '0' || **cursor > '9')
    return false;
  *number = strtoul (*cursor, &end, 10);
  *cursor = end;
  return *number < BOX_MAX_CPUS;
}

int
box_cpus_parse (const char *list, struct box_cpus *cpus)
{
  const char *cursor = list;

  *cpus = (struct box_cpus){ 0 };
  for (;;)
    {
      unsigned long first, last;

      if (!read_number (&cursor, &first))
        return -1;
      last = first;
      if (*cursor == '-' && (cursor++, !read_number (&cursor, &last) || last < first))
        return -1;
      for (unsigned long cpu = first; cpu <= last; cpu++)
        cpus->words[cpu / WORD_BITS] |= 1UL << cpu % WORD_BITS;
      if (*cursor == '\0')
        return 0;
      if (*cursor++ != ',')
        return -1;
    }
}

int
box_cpus_read_own (struct box_cpus *cpus)
{
  *cpus = (struct box_cpus){ 0 };
  return syscall (SYS_sched_getaffinity, 0, sizeof *cpus, cpus) < 0 ? -1 : 0;
}

int
box_cpus_apply (const struct box_cpus *cpus)
{
  return (int)syscall (SYS_sched_setaffinity, 0, sizeof *cpus, cpus);
}

static int
apply_list (const char *list, const char *field, struct tss_error *error)
{
  struct box_cpus cpus;

  if (box_cpus_parse (list, &cpus) == 0 && box_cpus_apply (&cpus) == 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, errno, field, "%s: run on CPUs %s", field, list);
}

int
box_scheduling_enter_initial (const struct box_scheduling *scheduling, struct box_cpus *previous,
                              struct tss_error *error)
{
  if (!scheduling->initial_cpus)
    return 0;
  if (box_cpus_read_own (previous) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "read the CPUs to run on");
  return apply_list (scheduling->initial_cpus, "process.execCPUAffinity.initial", error);
}

int
box_scheduling_enter_final (const struct box_scheduling *scheduling, struct tss_error *error)
{
  struct box_cpus all;

  if (scheduling->final_cpus)
    return apply_list (scheduling->final_cpus, "process.execCPUAffinity.final", error);
  if (!scheduling->initial_cpus)
    return 0;
  memset (&all, 0xff, sizeof all);
  if (box_cpus_apply (&all) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "process.execCPUAffinity",
                          "process.execCPUAffinity: run on all CPUs again");
  return 0;
}
