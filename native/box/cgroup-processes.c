/* The processes in a container's cgroup: listing and freezing them. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup-host.h"
#include "cgroup-paths.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum
{
  FREEZE_TIMEOUT_MS = 10000 /* a process in an uninterruptible sleep delays a freeze */
};

struct pid_list
{
  pid_t *pids;
  size_t count, capacity;
};

/* Any hierarchy lists the processes; that of the pids controller is there on all but the oddest hosts. */
static const struct box_cgroup_directory *
listing_directory (const struct box_cgroup *cgroup)
{
  static const char *const preferred[] = { "pids", "freezer", "memory", "cpu", "name=systemd" };
  const struct box_cgroup_directory *directory = cgroup->unified ? box_cgroup_find (cgroup, "") : NULL;

  for (size_t i = 0; !directory && i < TSS_LENGTH (preferred); i++)
    directory = box_cgroup_find (cgroup, preferred[i]);
  return directory || cgroup->count == 0 ? directory : cgroup->directories;
}

static int
append_pid (struct pid_list *list, pid_t pid)
{
  if (list->count == list->capacity)
    {
      size_t capacity = list->capacity ? list->capacity * 2 : 16;
      pid_t *larger = reallocarray (list->pids, capacity, sizeof *larger);

      if (!larger)
        return -1;
      list->pids = larger;
      list->capacity = capacity;
    }
  list->pids[list->count++] = pid;
  return 0;
}

static int
list_one (const char *path, void *context)
{
  char name[PATH_MAX];
  tss_autofree char *text = NULL;
  char *cursor, *line;

  snprintf (name, sizeof name, "%s/cgroup.procs", path);
  text = tss_read_file_at (AT_FDCWD, name, NULL);
  if (!text)
    /* The container may remove its own cgroups at any time; threaded ones list no processes. */
    return errno == ENOENT || errno == ENODEV || errno == EOPNOTSUPP ? 0 : -1;
  cursor = text;
  while ((line = strsep (&cursor, "\n")))
    {
      long pid = strtol (line, NULL, 10);

      /* 0 is a process that this pid namespace does not see. */
      if (pid > 0 && append_pid (context, (pid_t)pid) < 0)
        return -1;
    }
  return 0;
}

ssize_t
box_cgroup_pids (const struct box_cgroup *cgroup, pid_t **pids, struct tss_error *error)
{
  const struct box_cgroup_directory *directory = listing_directory (cgroup);
  struct pid_list list = { 0 };

  *pids = NULL;
  if (!directory)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, "", "this host has no cgroups mounted");
  if (box_cgroup_walk (directory->path, list_one, &list) < 0)
    {
      free (list.pids);
      return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "list the processes of %s",
                            directory->path);
    }
  *pids = list.pids;
  return (ssize_t)list.count;
}

static int
freeze_v1 (const struct box_cgroup_directory *directory, bool frozen, struct tss_error *error)
{
  const char *wanted = frozen ? "FROZEN" : "THAWED";
  char path[PATH_MAX], state[32];

  snprintf (path, sizeof path, "%s/freezer.state", directory->path);
  for (int waited = 0; waited <= FREEZE_TIMEOUT_MS; waited++)
    {
      /* FREEZING can need another push when a process was born meanwhile. */
      if (tss_write_text_at (AT_FDCWD, path, wanted) < 0
          || tss_read_small_file_at (AT_FDCWD, path, state, sizeof state) < 0)
        return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "write %s", path);
      if (strncmp (state, wanted, strlen (wanted)) == 0)
        return 0;
      poll (NULL, 0, 1);
    }
  tss_write_text_at (AT_FDCWD, path, "THAWED");
  return tss_error_set (error, TSS_ERROR_CGROUP, ETIMEDOUT, path, "freeze the container");
}

static int
freeze_unified (const struct box_cgroup_directory *directory, bool frozen, struct tss_error *error)
{
  char path[PATH_MAX], events[256];
  tss_autofd int fd = -1;

  snprintf (path, sizeof path, "%s/cgroup.freeze", directory->path);
  if (tss_write_text_at (AT_FDCWD, path, frozen ? "1" : "0") < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "write %s", path);
  snprintf (path, sizeof path, "%s/cgroup.events", directory->path);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  for (;;)
    {
      struct pollfd waiting = { .fd = fd, .events = POLLPRI };
      ssize_t length = fd < 0 ? -1 : pread (fd, events, sizeof events - 1, 0);

      if (length < 0)
        return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "read %s", path);
      events[length] = '\0';
      if (strstr (events, frozen ? "frozen 1" : "frozen 0"))
        return 0;
      if (TSS_RETRY (poll (&waiting, 1, FREEZE_TIMEOUT_MS)) == 0)
        return tss_error_set (error, TSS_ERROR_CGROUP, ETIMEDOUT, path, "freeze the container");
    }
}

int
box_cgroup_freeze (const struct box_cgroup *cgroup, bool frozen, struct tss_error *error)
{
  const struct box_cgroup_directory *freezer = box_cgroup_find (cgroup, "freezer");
  const struct box_cgroup_directory *unified = box_cgroup_find (cgroup, "");

  if (freezer)
    return freeze_v1 (freezer, frozen, error);
  if (unified)
    return freeze_unified (unified, frozen, error);
  return tss_error_set (error, TSS_ERROR_CGROUP, 0, "", "this host has no freezer cgroup");
}

bool
box_cgroup_is_frozen (const struct box_cgroup *cgroup)
{
  const struct box_cgroup_directory *freezer = box_cgroup_find (cgroup, "freezer");
  const struct box_cgroup_directory *unified = box_cgroup_find (cgroup, "");
  char path[PATH_MAX], state[32];

  if (!freezer && !unified)
    return false;
  snprintf (path, sizeof path, "%s/%s", freezer ? freezer->path : unified->path,
            freezer ? "freezer.state" : "cgroup.freeze");
  return tss_read_small_file_at (AT_FDCWD, path, state, sizeof state) > 0
         && strncmp (state, freezer ? "THAWED" : "0", 1) != 0;
}
