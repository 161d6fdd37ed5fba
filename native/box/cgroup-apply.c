/* Carries out a plan of writes. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup-plan.h"
#include "cgroup.h"
#include "warning.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static int
write_file (const struct box_cgroup_directory *directory, const char *file, const char *value)
{
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s/%s", directory->path, file);
  return tss_write_text_at (AT_FDCWD, path, value);
}

static int
perform (const struct box_cgroup *cgroup, const struct box_cgroup_write *write)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, cgroup->unified ? "" : write->controller);

  if (!directory)
    {
      errno = ENOENT;
      return -1;
    }
  if (write_file (directory, write->file, write->value) == 0)
    return 0;
  /* Opening a file that a cgroup does not have is not allowed either. */
  if (!*write->other_file || (errno != ENOENT && errno != EACCES))
    return -1;
  return write_file (directory, write->other_file, write->other_value);
}

static int
report_missing (const struct box_cgroup *cgroup, const struct box_cgroup_write *write, struct tss_error *error)
{
  if (cgroup->count == 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, write->field, "%s: this host has no cgroups mounted",
                          write->field);
  if (cgroup->unified)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, write->field,
                          "%s: the %s controller is not enabled for %s; an ancestor cgroup has processes of its own "
                          "or does not delegate it",
                          write->field, *write->controller ? write->controller : write->file,
                          box_cgroup_find (cgroup, "")->path);
  return tss_error_set (error, TSS_ERROR_CGROUP, 0, write->field, "%s: this host has no %s (controller %s)",
                        write->field, write->file, write->controller);
}

static int
report (const struct box_cgroup *cgroup, const struct box_cgroup_write *write, int error_number,
        const struct box_warner *warner, struct tss_error *error)
{
  bool missing = error_number == ENOENT || error_number == EACCES;

  if (missing && write->need == BOX_CGROUP_OPTIONAL)
    return 0;
  if (missing && write->need != BOX_CGROUP_REQUIRED)
    {
      box_warn (warner, "%s: has no effect: this host has no %s", write->field, write->file);
      return 0;
    }
  if (write->need == BOX_CGROUP_ADVISORY)
    {
      box_warn (warner, "%s: has no effect: write %s into %s: %s", write->field, write->value, write->file,
                strerror (error_number));
      return 0;
    }
  if (missing)
    return report_missing (cgroup, write, error);
  return tss_error_set (error, TSS_ERROR_CGROUP, error_number, write->field, "%s: write %s into %s", write->field,
                        write->value, write->file);
}

/* A limit below what is used is made to fit: by swapping, or by killing. */
static int
check_memory_in_use (const struct box_cgroup *cgroup, const struct box_resources *resources, struct tss_error *error)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, cgroup->unified ? "" : "memory");
  char path[PATH_MAX], text[32];
  long long used;

  if (!directory || !resources->memory_check_before_update || resources->memory_limit <= 0)
    return 0;
  snprintf (path, sizeof path, "%s/%s", directory->path, cgroup->unified ? "memory.current" : "memory.usage_in_bytes");
  /* A host that cannot tell has no memory controller, and says so when the limit is written. */
  if (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) <= 0)
    return 0;
  used = strtoll (text, NULL, 10);
  if (used <= resources->memory_limit)
    return 0;
  return tss_error_set (error, TSS_ERROR_CGROUP, 0, "linux.resources.memory.limit",
                        "linux.resources.memory.limit: %lld is less than the %lld bytes that are in use",
                        (long long)resources->memory_limit, used);
}

/* In the unified hierarchy quota and period are one line: a new period alone must not lift the quota. */
static void
keep_quota (const struct box_cgroup *cgroup, struct box_resources *resources)
{
  bool has_quota = resources->cpu_quota != BOX_UNSET && resources->cpu_quota != 0;
  char path[PATH_MAX], text[64];

  if (!cgroup->unified || has_quota || resources->cpu_period <= 0)
    return;
  snprintf (path, sizeof path, "%s/cpu.max", box_cgroup_find (cgroup, "")->path);
  /* "max" is no number. */
  if (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) > 0 && strtoll (text, NULL, 10) > 0)
    resources->cpu_quota = strtoll (text, NULL, 10);
}

/* A lower memory limit must be written before the limit of memory and swap together, a higher one after it: what fails
 * at first is tried again when all the rest is done. */
int
box_cgroup_apply (const struct box_cgroup *cgroup, const json_t *resources, const struct box_warner *warner,
                  struct tss_error *error)
{
  struct box_resources parsed;
  __attribute__ ((cleanup (box_cgroup_plan_free))) struct box_cgroup_plan plan = { 0 };
  tss_autofree bool *again = NULL;

  if (!resources)
    return 0;
  if (box_resources_parse (resources, &parsed, error) < 0)
    return -1;
  keep_quota (cgroup, &parsed);
  if ((cgroup->unified ? box_cgroup_plan_v2 : box_cgroup_plan_v1) (&parsed, &plan, error) < 0)
    return -1;
  if (check_memory_in_use (cgroup, &parsed, error) < 0)
    return -1;
  again = calloc (plan.count + 1, sizeof *again);
  if (!again)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.resources", "linux.resources: apply the resources");
  for (size_t i = 0; i < plan.count; i++)
    again[i] = perform (cgroup, &plan.writes[i]) < 0;
  for (size_t i = 0; i < plan.count; i++)
    if (again[i] && perform (cgroup, &plan.writes[i]) < 0 && report (cgroup, &plan.writes[i], errno, warner, error) < 0)
      return -1;
  return 0;
}
