/* process.scheduler, ioPriority and execCPUAffinity in C types. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "scheduling.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>

struct word
{
  const char *name;
  uint64_t value;
};

/* No kernel of today has SCHED_ISO (4); it is in the specification and gets the kernel's own answer. */
static const struct word policies[] = {
  { "SCHED_OTHER", SCHED_NORMAL },      { "SCHED_FIFO", SCHED_FIFO }, { "SCHED_RR", SCHED_RR },
  { "SCHED_BATCH", SCHED_BATCH },       { "SCHED_ISO", 4 },           { "SCHED_IDLE", SCHED_IDLE },
  { "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const struct word flags[] = {
  { "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
  { "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
  { "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
  { "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
  { "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
  { "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
  { "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const struct word io_classes[] = {
  { "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
  { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
  { "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static const struct word *
find_word (const struct word *words, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp (words[i].name, name) == 0)
      return &words[i];
  return NULL;
}

static int
parse_flags (const json_t *object, const char *where, struct box_scheduling *result, struct tss_error *error)
{
  tss_autofree const char **names = NULL;

  if (tss_json_get_strings (object, "flags", where, &names, error) < 0)
    return -1;
  for (size_t i = 0; names && names[i]; i++)
    {
      const struct word *word = find_word (flags, TSS_LENGTH (flags), names[i]);

      if (!word)
        return tss_json_refuse (where, "flags", error, "unknown flag %s", names[i]);
      result->flags |= word->value;
    }
  return 0;
}

/* The kernel would refuse the same without saying which of the numbers it means. */
static int
check_scheduler (const struct box_scheduling *result, const char *where, struct tss_error *error)
{
  bool realtime = result->policy == SCHED_FIFO || result->policy == SCHED_RR;
  bool deadline = result->policy == SCHED_DEADLINE;

  if (realtime != (result->priority > 0))
    return tss_json_refuse (where, "priority", error, realtime ? "expected 1 to 99 with %s" : "expected 0 with %s",
                            result->policy_name);
  if (!deadline && (result->runtime || result->deadline || result->period))
    return tss_json_refuse (where,
                            result->runtime    ? "runtime"
                            : result->deadline ? "deadline"
                                               : "period",
                            error, "is for SCHED_DEADLINE alone");
  if (deadline && (result->runtime == 0 || result->runtime > result->deadline))
    return tss_json_refuse (where, "runtime", error, "expected 1 to the deadline (%llu)",
                            (unsigned long long)result->deadline);
  if (deadline && result->period && result->deadline > result->period)
    return tss_json_refuse (where, "deadline", error, "expected no more than the period (%llu)",
                            (unsigned long long)result->period);
  return 0;
}

static int
parse_scheduler (const json_t *object, const char *where, struct box_scheduling *result, struct tss_error *error)
{
  const struct word *policy;
  int64_t nice = 0;
  uint64_t priority = 0;

  if (!object)
    return 0;
  if (tss_json_need_string (object, "policy", where, &result->policy_name, error) < 0
      || tss_json_get_int64 (object, "nice", where, &nice, error) < 0
      || tss_json_get_uint (object, "priority", where, 99, &priority, error) < 0
      || tss_json_get_uint (object, "runtime", where, INT64_MAX, &result->runtime, error) < 0
      || tss_json_get_uint (object, "deadline", where, INT64_MAX, &result->deadline, error) < 0
      || tss_json_get_uint (object, "period", where, INT64_MAX, &result->period, error) < 0
      || parse_flags (object, where, result, error) < 0)
    return -1;
  policy = find_word (policies, TSS_LENGTH (policies), result->policy_name);
  if (!policy)
    return tss_json_refuse (where, "policy", error, "unknown policy %s", result->policy_name);
  if (nice < -20 || nice > 19)
    return tss_json_refuse (where, "nice", error, "expected -20 to 19");
  result->policy = (uint32_t)policy->value;
  result->nice = (int32_t)nice;
  result->priority = (uint32_t)priority;
  return check_scheduler (result, where, error);
}

static int
parse_io_priority (const json_t *object, const char *where, struct box_scheduling *result, struct tss_error *error)
{
  const char *name = NULL;
  const struct word *class;
  uint64_t priority = 0;

  if (!object)
    return 0;
  if (tss_json_need_string (object, "class", where, &name, error) < 0
      || tss_json_need_uint (object, "priority", where, IOPRIO_NR_LEVELS - 1, &priority, error) < 0)
    return -1;
  class = find_word (io_classes, TSS_LENGTH (io_classes), name);
  if (!class)
    return tss_json_refuse (where, "class", error, "unknown class %s", name);
  result->io_priority = (int)IOPRIO_PRIO_VALUE (class->value, priority);
  return 0;
}

static int
parse_cpus (const json_t *object, const char *key, const char *where, const char **list, struct tss_error *error)
{
  struct box_cpus cpus;

  if (tss_json_get_string (object, key, where, list, error) < 0)
    return -1;
  if (*list && !**list)
    *list = NULL;
  if (*list && box_cpus_parse (*list, &cpus) < 0)
    return tss_json_refuse (where, key, error, "%s is no list of CPUs such as 0-3,7", *list);
  return 0;
}

int
box_scheduling_parse (const json_t *process, const char *where, struct box_scheduling *scheduling,
                      struct tss_error *error)
{
  const json_t *scheduler = NULL, *io_priority = NULL, *affinity = NULL;
  char at[96];

  *scheduling = (struct box_scheduling){ .io_priority = BOX_IO_PRIORITY_UNSET };
  if (tss_json_get_object (process, "scheduler", where, &scheduler, error) < 0
      || tss_json_get_object (process, "ioPriority", where, &io_priority, error) < 0
      || tss_json_get_object (process, "execCPUAffinity", where, &affinity, error) < 0)
    return -1;
  snprintf (at, sizeof at, "%s.scheduler", where);
  if (parse_scheduler (scheduler, at, scheduling, error) < 0)
    return -1;
  snprintf (at, sizeof at, "%s.ioPriority", where);
  if (parse_io_priority (io_priority, at, scheduling, error) < 0)
    return -1;
  snprintf (at, sizeof at, "%s.execCPUAffinity", where);
  if (parse_cpus (affinity, "initial", at, &scheduling->initial_cpus, error) < 0)
    return -1;
  return parse_cpus (affinity, "final", at, &scheduling->final_cpus, error);
}
