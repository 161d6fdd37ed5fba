/* Taking over a container that another runtime made. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup-host.h"
#include "container.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* Where the hierarchies are mounted is the same for both; where the process is in them is not. */
static int
read_host_of (pid_t pid, struct box_cgroup_host *host, struct tss_error *error)
{
  tss_autofree char *mountinfo = tss_read_file_at (AT_FDCWD, "/proc/self/mountinfo", NULL);
  tss_autofree char *membership = NULL;
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/cgroup", pid);
  membership = tss_read_file_at (AT_FDCWD, path, NULL);
  if (!mountinfo || !membership)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "read the container's cgroups");
  return box_cgroup_host_parse (mountinfo, membership, host, error);
}

static const struct box_hierarchy *
find_same (const struct box_cgroup_host *host, const struct box_hierarchy *wanted)
{
  for (size_t i = 0; i < host->count; i++)
    if (strcmp (host->hierarchies[i].controllers, wanted->controllers) == 0)
      return &host->hierarchies[i];
  return NULL;
}

/* Length of the directories that both paths have. */
static size_t
common_length (const char *first, const char *second)
{
  size_t common = 0;

  for (size_t i = 0;; i++)
    {
      bool ends = (first[i] == '/' || !first[i]) && (second[i] == '/' || !second[i]);

      if (ends)
        common = i;
      if (first[i] != second[i] || !first[i])
        return common;
    }
}

static int
add_directory (struct box_cgroup *cgroup, const struct box_hierarchy *theirs, const char *ours, struct tss_error *error)
{
  struct box_cgroup_directory *directory = &cgroup->directories[cgroup->count++];

  directory->controllers = strdup (theirs->controllers);
  directory->name = strdup (strrchr (theirs->root, '/') + 1);
  directory->path = strdup (theirs->own);
  directory->base_length = common_length (theirs->own, ours);
  if (directory->controllers && directory->name && directory->path)
    return 0;
  return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "take over a container");
}

/* Where both are in the same cgroup (a hierarchy that the runtime leaves alone) there is nothing that is the
 * container's: to kill or remove it would hit the caller. */
static int
find_cgroup (pid_t pid, struct box_cgroup *cgroup, struct tss_error *error)
{
  __attribute__ ((cleanup (box_cgroup_host_free))) struct box_cgroup_host ours = { 0 };
  __attribute__ ((cleanup (box_cgroup_host_free))) struct box_cgroup_host theirs = { 0 };

  if (box_cgroup_host_read (&ours, error) < 0 || read_host_of (pid, &theirs, error) < 0)
    return -1;
  cgroup->unified = theirs.unified;
  cgroup->directories = calloc (theirs.count + 1, sizeof *cgroup->directories);
  if (!cgroup->directories)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "take over a container");
  for (size_t i = 0; i < theirs.count; i++)
    {
      const struct box_hierarchy *own = find_same (&ours, &theirs.hierarchies[i]);

      if (!own || strcmp (own->own, theirs.hierarchies[i].own) == 0)
        continue;
      if (add_directory (cgroup, &theirs.hierarchies[i], own->own, error) < 0)
        return -1;
    }
  return 0;
}

int
box_adopt (const char *id, const char *bundle, pid_t pid, struct box_container **container, struct tss_error *error)
{
  struct box_container *adopted = box_container_new (id, bundle, NULL, error);

  if (!adopted)
    return -1;
  adopted->pid = pid;
  adopted->pidfd = (int)syscall (SYS_pidfd_open, pid, 0);
  if (adopted->pidfd < 0)
    tss_error_set (error, TSS_ERROR_STATE, errno, "", "take over the container's process %d", pid);
  if (adopted->pidfd < 0 || find_cgroup (pid, &adopted->cgroup, error) < 0)
    {
      box_container_free (adopted);
      return -1;
    }
  *container = adopted;
  return 0;
}
