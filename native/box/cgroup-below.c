/* Cgroups that a container has made below its own. */
#include "../common/cleanup.h"
#include "cgroup-paths.h"

#include <string.h>
#include <sys/stat.h>

static bool
is_directory (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && S_ISDIR (status.st_mode);
}

static int
copy_directory (const struct box_cgroup_directory *from, const char *path, struct box_cgroup_directory *to,
                struct tss_error *error)
{
  to->controllers = strdup (from->controllers);
  to->name = strdup (from->name);
  to->base_length = from->base_length;
  if ((path ? asprintf (&to->path, "%s/%s", from->path, path) : asprintf (&to->path, "%s", from->path)) < 0)
    to->path = NULL;
  if (!to->controllers || !to->name || !to->path)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "--cgroup", "name a cgroup");
  if (path && !is_directory (to->path))
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, ENOENT, to->path, "enter the cgroup %s", to->path);
  return 0;
}

int
box_cgroup_below (const struct box_cgroup *cgroup, const char *text, struct box_cgroup *below, struct tss_error *error)
{
  const char *colon = text ? strchr (text, ':') : NULL;
  const char *path = colon ? colon + 1 : text;
  char controller[64] = "";

  *below = (struct box_cgroup){ .unified = cgroup->unified };
  if (path && !*path)
    path = NULL;
  if (path && box_cgroup_check_path (path, error) < 0)
    return -1;
  if (colon)
    snprintf (controller, sizeof controller, "%.*s", (int)(colon - text), text);
  if (colon && !cgroup->unified && !box_cgroup_find (cgroup, controller))
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, 0, "--cgroup", "enter the cgroup %s: there is no controller %s",
                          text, controller);
  below->directories = calloc (cgroup->count + 1, sizeof *below->directories);
  if (!below->directories)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "--cgroup", "name a cgroup");
  for (; below->count < cgroup->count; below->count++)
    {
      const struct box_cgroup_directory *from = &cgroup->directories[below->count];
      bool concerned = !colon || cgroup->unified || box_list_has (from->controllers, controller);

      if (copy_directory (from, concerned ? path : NULL, &below->directories[below->count], error) < 0)
        {
          below->count++;
          return -1;
        }
    }
  return 0;
}
