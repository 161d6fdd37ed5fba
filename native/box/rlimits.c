/* Resource limits of a process. */
#include "rlimits.h"
#include "../common/cleanup.h"
#include "channel.h"

#include <string.h>

static const struct
{
  const char *name;
  int number;
} rlimit_names[] = {
  { "RLIMIT_AS", RLIMIT_AS },
  { "RLIMIT_CORE", RLIMIT_CORE },
  { "RLIMIT_CPU", RLIMIT_CPU },
  { "RLIMIT_DATA", RLIMIT_DATA },
  { "RLIMIT_FSIZE", RLIMIT_FSIZE },
  { "RLIMIT_LOCKS", RLIMIT_LOCKS },
  { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
  { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
  { "RLIMIT_NICE", RLIMIT_NICE },
  { "RLIMIT_NOFILE", RLIMIT_NOFILE },
  { "RLIMIT_NPROC", RLIMIT_NPROC },
  { "RLIMIT_RSS", RLIMIT_RSS },
  { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
  { "RLIMIT_RTTIME", RLIMIT_RTTIME },
  { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
  { "RLIMIT_STACK", RLIMIT_STACK },
};

int
box_rlimit_number (const char *name)
{
  for (size_t i = 0; i < TSS_LENGTH (rlimit_names); i++)
    if (strcmp (rlimit_names[i].name, name) == 0)
      return rlimit_names[i].number;
  return -1;
}

static int
apply_within_hard_limit (const struct box_rlimit *wanted, struct box_channel *channel)
{
  struct rlimit limit = wanted->limit, present;

  if (getrlimit ((__rlimit_resource_t)wanted->resource, &present) < 0)
    return -1;
  if (limit.rlim_max > present.rlim_max)
    limit.rlim_max = present.rlim_max;
  if (limit.rlim_cur > limit.rlim_max)
    limit.rlim_cur = limit.rlim_max;
  if (setrlimit ((__rlimit_resource_t)wanted->resource, &limit) < 0)
    return -1;
  box_channel_warn (
      channel,
      "process.rlimits: %s stays at %llu: no more is allowed here (no CAP_SYS_RESOURCE, or above the host's maximum)",
      wanted->name, (unsigned long long)limit.rlim_max);
  return 0;
}

int
box_rlimits_apply (const struct box_process *process, struct box_channel *channel, struct tss_error *error)
{
  for (size_t i = 0; i < process->rlimit_count; i++)
    {
      const struct box_rlimit *wanted = &process->rlimits[i];

      if (setrlimit ((__rlimit_resource_t)wanted->resource, &wanted->limit) == 0)
        continue;
      if (errno == EPERM && apply_within_hard_limit (wanted, channel) == 0)
        continue;
      return tss_error_set (error, TSS_ERROR_INVALID, errno, "process.rlimits", "process.rlimits: set %s",
                            wanted->name);
    }
  return 0;
}

void
box_rlimits_raise (const struct box_process *process)
{
  for (size_t i = 0; i < process->rlimit_count; i++)
    {
      const struct box_rlimit *wanted = &process->rlimits[i];
      struct rlimit limit;

      if (getrlimit ((__rlimit_resource_t)wanted->resource, &limit) < 0 || limit.rlim_max >= wanted->limit.rlim_max)
        continue;
      limit.rlim_max = wanted->limit.rlim_max;
      /* What the host does not allow is told about when it is applied. */
      (void)!setrlimit ((__rlimit_resource_t)wanted->resource, &limit);
    }
}
