/* When and where a process gets CPUs and disks: process.scheduler, ioPriority and execCPUAffinity. */
#ifndef TSSTACK_BOX_SCHEDULING_H
#define TSSTACK_BOX_SCHEDULING_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>

enum
{
  BOX_IO_PRIORITY_UNSET = -1
};

struct box_scheduling
{
  const char *policy_name; /* NULL: leave the scheduler as it is */
  uint32_t policy;         /* SCHED_... */
  int32_t nice;
  uint32_t priority;
  uint64_t flags;                     /* SCHED_FLAG_... */
  uint64_t runtime, deadline, period; /* of SCHED_DEADLINE, nanoseconds */
  int io_priority;                    /* as ioprio_set(2) takes it, or BOX_IO_PRIORITY_UNSET */
  /* Lists of CPUs for a process that joins a container: before and after it enters the cgroup. NULL: not given. */
  const char *initial_cpus, *final_cpus;
};

/* Reads the three members of a process object. */
int box_scheduling_parse (const json_t *process, const char *where, struct box_scheduling *scheduling,
                          struct tss_error *error);

/* Scheduler and I/O priority of the calling process. Needs the rights that the program does not get, and comes after
 * the last fork: a process under SCHED_DEADLINE has no children. */
int box_scheduling_apply (const struct box_scheduling *scheduling, struct tss_error *error);

enum
{
  BOX_MAX_CPUS = 8192 /* the most that a kernel for x86-64 can be built for */
};

struct box_cpus
{
  unsigned long words[BOX_MAX_CPUS / (8 * sizeof (unsigned long))];
};

/* "0-3,7". Returns -1 when that is no list. */
int box_cpus_parse (const char *list, struct box_cpus *cpus);

int box_cpus_read_own (struct box_cpus *cpus);

/* Lets the calling process run on CPUS, as far as its cgroup allows. */
int box_cpus_apply (const struct box_cpus *cpus);

/* Runs on the CPUs of process.execCPUAffinity.initial, those before go into *PREVIOUS. */
int box_scheduling_enter_initial (const struct box_scheduling *scheduling, struct box_cpus *previous,
                                  struct tss_error *error);

/* On those of final, or on all that the cgroup has; the latter only when initial has narrowed them. */
int box_scheduling_enter_final (const struct box_scheduling *scheduling, struct tss_error *error);

#endif
