/* Ending the processes in a container's cgroup, and seeing that they can end. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup-paths.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  HELD_MAX = 256,    /* processes by descriptor at once, of which most hosts allow 1024 */
  KILL_ROUNDS = 100, /* a fork bomb can make new processes between a list and its kills */
};

/* One write kills the whole tree, atomically against fork; since Linux 5.14. */
static bool
kill_at_once (const struct box_cgroup *cgroup)
{
  const struct box_cgroup_directory *unified = box_cgroup_find (cgroup, "");
  char path[PATH_MAX];

  if (!unified)
    return false;
  snprintf (path, sizeof path, "%s/cgroup.kill", unified->path);
  return tss_write_text_at (AT_FDCWD, path, "1") == 0;
}

static bool
has_pid (const pid_t *pids, ssize_t count, pid_t pid)
{
  for (ssize_t i = 0; i < count; i++)
    if (pids[i] == pid)
      return true;
  return false;
}

/* A pid can be another process by the time of its signal, so that each is held by a descriptor first: those which are
 * still in the list then are the cgroup's. Returns how many got the signal. */
static ssize_t
kill_held (const struct box_cgroup *cgroup, const pid_t *pids, size_t count, struct tss_error *error)
{
  tss_autofree pid_t *still = NULL;
  ssize_t still_count, killed = 0;
  int held[HELD_MAX];

  for (size_t i = 0; i < count; i++)
    held[i] = (int)syscall (SYS_pidfd_open, pids[i], 0);
  still_count = box_cgroup_pids (cgroup, &still, error);
  for (size_t i = 0; i < count; i++)
    {
      if (has_pid (still, still_count, pids[i]))
        killed += syscall (SYS_pidfd_send_signal, held[i], SIGKILL, NULL, 0) == 0;
      tss_close (&held[i]);
    }
  return still_count < 0 ? -1 : killed;
}

/* Kills all that are there now. Returns how many. */
static ssize_t
kill_listed (const struct box_cgroup *cgroup, struct tss_error *error)
{
  tss_autofree pid_t *pids = NULL;
  ssize_t count = box_cgroup_pids (cgroup, &pids, error), killed = 0;

  for (ssize_t first = 0; first < count; first += HELD_MAX)
    {
      ssize_t left = count - first;
      ssize_t more = kill_held (cgroup, pids + first, (size_t)(left < HELD_MAX ? left : HELD_MAX), error);

      if (more < 0)
        return -1;
      killed += more;
    }
  return count < 0 ? -1 : killed;
}

/* A thread under a realtime policy, which has time of its own in its cgroup, or in SCHED_DEADLINE by itself. */
static void
make_ordinary (pid_t thread)
{
  struct sched_attr attributes = { .size = sizeof attributes };
  uint32_t policy;

  if (syscall (SYS_sched_getattr, thread, &attributes, sizeof attributes, 0) < 0)
    return;
  policy = attributes.sched_policy;
  if (policy != SCHED_FIFO && policy != SCHED_RR && policy != SCHED_DEADLINE)
    return;
  attributes = (struct sched_attr){ .size = sizeof attributes, .sched_policy = SCHED_NORMAL };
  syscall (SYS_sched_setattr, thread, &attributes, 0);
}

static int
unbind_one (const char *path, void *context)
{
  const bool *unified = context;
  char name[PATH_MAX];
  tss_autofree char *text = NULL;
  char *cursor, *line;

  snprintf (name, sizeof name, "%s/%s", path, *unified ? "cpu.max" : "cpu.cfs_quota_us");
  (void)!tss_write_text_at (AT_FDCWD, name, *unified ? "max" : "-1");
  snprintf (name, sizeof name, "%s/%s", path, *unified ? "cgroup.threads" : "tasks");
  cursor = text = tss_read_file_at (AT_FDCWD, name, NULL);
  while (cursor && (line = strsep (&cursor, "\n")))
    {
      long thread = strtol (line, NULL, 10);

      if (thread > 0)
        make_ordinary ((pid_t)thread);
    }
  return 0;
}

/* The time that a process takes to give back its memory counts as the container's, which may have next to none: 200 MB
 * at a hundredth of a processor kept Linux 6.1 busy for 10 s, and a thread with 1 ms of realtime a second waits another
 * second for each millisecond that it has overdrawn. What cannot be lifted ends when it can. */
static void
unbind (const struct box_cgroup *cgroup)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, cgroup->unified ? "" : "cpu");
  bool unified = cgroup->unified;

  if (!directory)
    return;
  /* Our own limit first, whatever the container has made below it. */
  unbind_one (directory->path, &unified);
  box_cgroup_walk (directory->path, unbind_one, &unified);
}

int
box_cgroup_let_die (const struct box_cgroup *cgroup, struct tss_error *error)
{
  if (!box_cgroup_find (cgroup, "freezer"))
    return 0;
  return box_cgroup_freeze (cgroup, false, error) < 0 && errno != ENOENT ? -1 : 0;
}

static int
kill_one_by_one (const struct box_cgroup *cgroup, struct tss_error *error)
{
  const char *path = cgroup->directories[0].path;

  for (int round = 0; round < KILL_ROUNDS; round++)
    {
      ssize_t killed = kill_listed (cgroup, error);

      /* What cannot run cannot end, and would be found again in every round. */
      if (killed > 0)
        unbind (cgroup);
      if (box_cgroup_let_die (cgroup, error) < 0 || killed < 0)
        return -1;
      if (killed == 0)
        return 0;
      poll (NULL, 0, 1);
    }
  return tss_error_set (error, TSS_ERROR_CGROUP, 0, path, "processes in %s keep multiplying", path);
}

int
box_cgroup_kill (const struct box_cgroup *cgroup, struct tss_error *error)
{
  if (cgroup->count == 0)
    return 0;
  if (!kill_at_once (cgroup))
    return kill_one_by_one (cgroup, error);
  unbind (cgroup);
  return box_cgroup_let_die (cgroup, error);
}
