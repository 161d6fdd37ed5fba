/* What a container's cgroup has used. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* Reads a file of the directory that has CONTROLLER; NULL when there is none. */
static char *
read_file (const struct box_cgroup *cgroup, const char *controller, const char *file)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, cgroup->unified ? "" : controller);
  char path[PATH_MAX];

  if (!directory)
    return NULL;
  snprintf (path, sizeof path, "%s/%s", directory->path, file);
  return tss_read_file_at (AT_FDCWD, path, NULL);
}

/* A file with one number; 0 when there is none, or when it says "max". */
static uint64_t
read_number (const struct box_cgroup *cgroup, const char *controller, const char *file)
{
  tss_autofree char *text = read_file (cgroup, controller, file);

  return text ? strtoull (text, NULL, 10) : 0;
}

/* The number after KEY at the start of a line. */
static uint64_t
read_keyed (const struct box_cgroup *cgroup, const char *controller, const char *file, const char *key)
{
  tss_autofree char *text = read_file (cgroup, controller, file);
  size_t length = strlen (key);

  for (const char *line = text; line && *line; line = strchr (line, '\n'), line = line ? line + 1 : NULL)
    if (strncmp (line, key, length) == 0 && line[length] == ' ')
      return strtoull (line + length, NULL, 10);
  return 0;
}

/* The sum of all numbers that follow WORD, over all devices. */
static uint64_t
sum_after (const char *text, const char *word)
{
  uint64_t sum = 0;

  for (const char *found = text ? strstr (text, word) : NULL; found; found = strstr (found + 1, word))
    sum += strtoull (found + strlen (word), NULL, 10);
  return sum;
}

/* Page cache that nobody uses now is no need of the container: engines show the rest. */
static uint64_t
without_cache (uint64_t usage, uint64_t inactive_file)
{
  return usage > inactive_file ? usage - inactive_file : 0;
}

static void
read_v1 (const struct box_cgroup *cgroup, struct box_stats *stats)
{
  tss_autofree char *block = read_file (cgroup, "blkio", "blkio.throttle.io_service_bytes_recursive");
  /* The kernel's "no limit" is the largest number of whole pages. */
  const uint64_t unlimited = UINT64_C (1) << 62;

  stats->cpu_usage_ns = read_number (cgroup, "cpuacct", "cpuacct.usage");
  stats->memory_bytes = without_cache (read_number (cgroup, "memory", "memory.usage_in_bytes"),
                                       read_keyed (cgroup, "memory", "memory.stat", "total_inactive_file"));
  stats->memory_limit_bytes = read_number (cgroup, "memory", "memory.limit_in_bytes");
  if (stats->memory_limit_bytes >= unlimited)
    stats->memory_limit_bytes = 0;
  stats->pids = read_number (cgroup, "pids", "pids.current");
  stats->block_read_bytes = sum_after (block, " Read ");
  stats->block_write_bytes = sum_after (block, " Write ");
}

static void
read_v2 (const struct box_cgroup *cgroup, struct box_stats *stats)
{
  tss_autofree char *block = read_file (cgroup, "", "io.stat");

  stats->cpu_usage_ns = read_keyed (cgroup, "", "cpu.stat", "usage_usec") * 1000;
  stats->memory_bytes = without_cache (read_number (cgroup, "", "memory.current"),
                                       read_keyed (cgroup, "", "memory.stat", "inactive_file"));
  stats->memory_limit_bytes = read_number (cgroup, "", "memory.max");
  stats->pids = read_number (cgroup, "", "pids.current");
  stats->block_read_bytes = sum_after (block, " rbytes=");
  stats->block_write_bytes = sum_after (block, " wbytes=");
}

int
box_cgroup_stats (const struct box_cgroup *cgroup, struct box_stats *stats, struct tss_error *error)
{
  *stats = (struct box_stats){ 0 };
  if (cgroup->count == 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, "", "this host has no cgroups mounted");
  if (cgroup->unified)
    read_v2 (cgroup, stats);
  else
    read_v1 (cgroup, stats);
  return 0;
}

uint64_t
box_cgroup_oom_kills (const struct box_cgroup *cgroup)
{
  if (cgroup->count == 0)
    return 0;
  if (cgroup->unified)
    return read_keyed (cgroup, "", "memory.events", "oom_kill");
  return read_keyed (cgroup, "memory", "memory.oom_control", "oom_kill");
}

bool
box_cgroup_is_out_of_memory (const struct box_cgroup *cgroup)
{
  static const char file[] = "memory.oom_control";

  return cgroup->count > 0 && !cgroup->unified && read_keyed (cgroup, "memory", file, "under_oom") > 0
         && read_keyed (cgroup, "memory", file, "oom_kill_disable") > 0;
}

bool
box_cgroup_was_out_of_memory (const struct box_cgroup *cgroup)
{
  return cgroup->count > 0 && !cgroup->unified && read_number (cgroup, "memory", "memory.failcnt") > 0
         && read_keyed (cgroup, "memory", "memory.oom_control", "oom_kill_disable") > 0;
}

int
box_cgroup_refuse_memory (struct tss_error *error)
{
  static const char field[] = "linux.resources.memory.limit";

  return tss_error_set (error, TSS_ERROR_CGROUP, ENOMEM, field,
                        "%s: the container has used it up, and nothing is killed for more (disableOOMKiller)", field);
}
