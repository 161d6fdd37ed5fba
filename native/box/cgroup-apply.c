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
write_file (const struct box_cgroup *cgroup, const struct box_cgroup_write *write)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, cgroup->unified ? "" : write->controller);
  char path[PATH_MAX];

  if (!directory)
    {
      errno = ENOENT;
      return -1;
    }
  snprintf (path, sizeof path, "%s/%s", directory->path, write->file);
  return tss_write_text_at (AT_FDCWD, path, write->value);
}

static int
report (const struct box_cgroup *cgroup, const struct box_cgroup_write *write, int error_number,
        const struct box_warner *warner, struct tss_error *error)
{
  if (error_number != ENOENT && error_number != EACCES)
    return tss_error_set (error, TSS_ERROR_CGROUP, error_number, write->field, "%s: write %s into %s", write->field,
                          write->value, write->file);
  if (write->degrades)
    {
      box_warn (warner, "%s: has no effect: this host has no %s", write->field, write->file);
      return 0;
    }
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
  if ((cgroup->unified ? box_cgroup_plan_v2 : box_cgroup_plan_v1) (&parsed, &plan, error) < 0)
    return -1;
  again = calloc (plan.count + 1, sizeof *again);
  if (!again)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.resources", "apply the resources");
  for (size_t i = 0; i < plan.count; i++)
    again[i] = write_file (cgroup, &plan.writes[i]) < 0;
  for (size_t i = 0; i < plan.count; i++)
    if (again[i] && write_file (cgroup, &plan.writes[i]) < 0
        && report (cgroup, &plan.writes[i], errno, warner, error) < 0)
      return -1;
  return 0;
}
