/* The cgroup of one container: one directory in every hierarchy of the host. */
#include "cgroup.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup-paths.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>

const struct box_cgroup_directory *
box_cgroup_find (const struct box_cgroup *cgroup, const char *controller)
{
  for (size_t i = 0; i < cgroup->count; i++)
    if (*controller ? box_list_has (cgroup->directories[i].controllers, controller)
                    : !*cgroup->directories[i].controllers)
      return &cgroup->directories[i];
  return NULL;
}

int
box_cgroup_check_path (const char *path, struct tss_error *error)
{
  for (const char *part = path; *part; part += strcspn (part, "/"), part += *part == '/')
    if (strcspn (part, "/") == 2 && strncmp (part, "..", 2) == 0)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.cgroupsPath",
                            "linux.cgroupsPath: %s leads out of its parent", path);
  if (path[strspn (path, "/")] == '\0')
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.cgroupsPath", "linux.cgroupsPath: names no cgroup");
  /* The kernel's lists of cgroups have a line for each. */
  if (strchr (path, '\n'))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.cgroupsPath", "linux.cgroupsPath: has a line break");
  return 0;
}

static int
add_directory (struct box_cgroup *cgroup, const struct box_hierarchy *hierarchy, const char *path,
               struct tss_error *error)
{
  struct box_cgroup_directory *directory = &cgroup->directories[cgroup->count];
  tss_autofree char *base = NULL;
  const char *relative = path + strspn (path, "/");

  if (*path == '/')
    base = strdup (hierarchy->root);
  else if (cgroup->unified)
    base = box_cgroup_choose_base (hierarchy);
  else
    base = strdup (hierarchy->own);
  if (!base || asprintf (&directory->path, "%s/%s", base, relative) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, path, "make the cgroup");
  directory->base_length = strlen (base);
  directory->controllers = strdup (hierarchy->controllers);
  directory->name = strdup (strrchr (hierarchy->root, '/') + 1);
  cgroup->count++;
  if (!directory->controllers || !directory->name)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, path, "make the cgroup");
  return 0;
}

/* The one in which a process can be born comes first. */
static void
put_unified_first (struct box_cgroup *cgroup)
{
  for (size_t i = 1; i < cgroup->count; i++)
    if (!*cgroup->directories[i].controllers)
      {
        struct box_cgroup_directory first = cgroup->directories[0];

        cgroup->directories[0] = cgroup->directories[i];
        cgroup->directories[i] = first;
      }
}

static int
look_for_process (const char *path, void *context)
{
  char name[PATH_MAX], first[16];

  (void)context;
  snprintf (name, sizeof name, "%s/cgroup.procs", path);
  errno = EEXIST;
  return tss_read_small_file_at (AT_FDCWD, name, first, sizeof first) > 0 ? -1 : 0;
}

/* Processes that are there are somebody else's: they would get our limits, and be killed with our container. */
static int
check_unused (const char *path, struct tss_error *error)
{
  if (box_cgroup_walk (path, look_for_process, NULL) == 0)
    return 0;
  if (errno != EEXIST)
    return tss_error_set (error, TSS_ERROR_EXISTS, errno, "linux.cgroupsPath", "linux.cgroupsPath: look into %s", path);
  return tss_error_set (error, TSS_ERROR_EXISTS, 0, "linux.cgroupsPath",
                        "linux.cgroupsPath: there are processes in %s already", path);
}

static int
make_directory (const struct box_cgroup *cgroup, const struct box_cgroup_directory *directory, struct tss_error *error)
{
  int existed = box_cgroup_make_path (directory->path, directory->base_length, error);

  if (existed < 0 || (existed > 0 && check_unused (directory->path, error) < 0))
    return -1;
  if (box_list_has (directory->controllers, "cpuset")
      && box_cgroup_fill_cpu_set (directory->path, directory->base_length) < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "set up the cpuset %s", directory->path);
  if (cgroup->unified)
    box_cgroup_enable_controllers (directory->path, directory->base_length);
  return 0;
}

static void
free_directory (struct box_cgroup_directory *directory)
{
  free (directory->controllers);
  free (directory->name);
  free (directory->path);
}

/* Makes the directories from FIRST up to END. After a failure CGROUP has no others than those that are to be removed
 * then: one that failed because of its processes is somebody else's, and the following can be. */
static int
make_directories (struct box_cgroup *cgroup, size_t first, size_t end, struct tss_error *error)
{
  for (size_t i = first; i < end; i++)
    if (make_directory (cgroup, &cgroup->directories[i], error) < 0)
      {
        size_t ours = error->code == TSS_ERROR_EXISTS ? i : i + 1;

        while (cgroup->count > ours)
          free_directory (&cgroup->directories[--cgroup->count]);
        return -1;
      }
  return 0;
}

static size_t
count_unified (const struct box_cgroup *cgroup)
{
  return cgroup->count > 0 && !*cgroup->directories[0].controllers;
}

int
box_cgroup_name (const char *path, struct box_cgroup *cgroup, struct tss_error *error)
{
  __attribute__ ((cleanup (box_cgroup_host_free))) struct box_cgroup_host host = { 0 };

  *cgroup = (struct box_cgroup){ 0 };
  if (box_cgroup_check_path (path, error) < 0 || box_cgroup_host_read (&host, error) < 0)
    return -1;
  cgroup->unified = host.unified;
  cgroup->directories = calloc (host.count + 1, sizeof *cgroup->directories);
  if (!cgroup->directories)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, path, "make the cgroup");
  for (size_t i = 0; i < host.count; i++)
    if (add_directory (cgroup, &host.hierarchies[i], path, error) < 0)
      {
        box_cgroup_free (cgroup);
        return -1;
      }
  put_unified_first (cgroup);
  return 0;
}

int
box_cgroup_make_unified (struct box_cgroup *cgroup, struct tss_error *error)
{
  return make_directories (cgroup, 0, count_unified (cgroup), error);
}

void
box_cgroup_forget_v1 (struct box_cgroup *cgroup)
{
  while (cgroup->count > count_unified (cgroup))
    free_directory (&cgroup->directories[--cgroup->count]);
}

int
box_cgroup_make_v1 (struct box_cgroup *cgroup, struct tss_error *error)
{
  return make_directories (cgroup, count_unified (cgroup), cgroup->count, error);
}

int
box_cgroup_open_unified (const struct box_cgroup *cgroup, int *fd, struct tss_error *error)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, "");

  *fd = directory ? open (directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (directory && *fd < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "open the cgroup %s", directory->path);
  return 0;
}

int
box_cgroup_join_v1 (const struct box_cgroup *cgroup, struct tss_error *error)
{
  for (size_t i = 0; i < cgroup->count; i++)
    {
      char path[PATH_MAX];

      if (!*cgroup->directories[i].controllers)
        continue;
      snprintf (path, sizeof path, "%s/tasks", cgroup->directories[i].path);
      if (tss_write_text_at (AT_FDCWD, path, "0") < 0)
        return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "join the cgroup %s", cgroup->directories[i].path);
    }
  return 0;
}

static int
remove_one (const char *path, void *context)
{
  (void)context;
  return rmdir (path) < 0 && errno != ENOENT ? -1 : 0;
}

/* Most often there is nothing below, and one call does it. */
static int
remove_tree (const char *path)
{
  if (rmdir (path) == 0 || errno == ENOENT)
    return 0;
  return box_cgroup_walk (path, remove_one, NULL);
}

static void
remove_empty_parents (const struct box_cgroup_directory *directory)
{
  char path[PATH_MAX];
  char *slash;

  snprintf (path, sizeof path, "%s", directory->path);
  while ((slash = strrchr (path, '/')) && (size_t)(slash - path) > directory->base_length)
    {
      *slash = '\0';
      if (rmdir (path) < 0)
        return;
    }
}

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Another look may find what is in the way gone, memory there, or no need of it. */
static bool
may_succeed_later (int error_number)
{
  return error_number == EBUSY || error_number == ENOMEM || error_number == EMFILE || error_number == ENFILE;
}

/* A killed process leaves its cgroup some time after the kill, and v1 tells nobody: so this looks again, at first
 * often. */
static int
remove_before (const struct box_cgroup_directory *directory, int64_t deadline, struct tss_error *error)
{
  for (int pause_ms = 1;; pause_ms = pause_ms < 50 ? pause_ms * 2 : 50)
    {
      if (remove_tree (directory->path) == 0)
        {
          remove_empty_parents (directory);
          return 0;
        }
      if (!may_succeed_later (errno) || now_ms () >= deadline)
        return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "remove the cgroup %s", directory->path);
      poll (NULL, 0, pause_ms);
    }
}

int
box_cgroup_remove (struct box_cgroup *cgroup, int timeout_ms, struct tss_error *error)
{
  int64_t deadline = now_ms () + timeout_ms;
  int result = 0;

  for (size_t i = 0; i < cgroup->count; i++)
    if (remove_before (&cgroup->directories[i], deadline, error) < 0)
      result = -1;
  return result;
}

void
box_cgroup_free (struct box_cgroup *cgroup)
{
  for (size_t i = 0; i < cgroup->count; i++)
    free_directory (&cgroup->directories[i]);
  free (cgroup->directories);
  *cgroup = (struct box_cgroup){ 0 };
}
