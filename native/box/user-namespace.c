/* The container's user namespace: made with its maps or joined. */
#include "user-namespace.h"
#include "../common/cleanup.h"
#include "container.h"
#include "namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

/* Starts a process that is in JOINED, or in a user namespace of its own when that is -1, and does nothing else. It says
 * so by closing its end of a pipe, and waits for its end. */
static pid_t
start_dweller (int joined, struct tss_error *error)
{
  struct box_clone options = { .flags = joined < 0 ? CLONE_NEWUSER : 0, .cgroup = -1, .pid_target = -1 };
  tss_autofd int pidfd = -1, arrived = -1, announce = -1;
  int pipe_ends[2], failed = 0;
  pid_t parent = getpid (), pid;

  if (pipe2 (pipe_ends, O_CLOEXEC) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: enter a user namespace");
  arrived = pipe_ends[0];
  announce = pipe_ends[1];
  pid = box_clone (&options, &pidfd, error);
  if (pid == 0)
    {
      tss_close (&arrived);
      failed = joined >= 0 && setns (joined, CLONE_NEWUSER) < 0 ? errno : 0;
      /* Not to outlive a parent that is killed meanwhile; a change of rights takes this back, so not earlier. */
      if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != parent)
        _exit (1);
      if (write (announce, &failed, sizeof failed) != sizeof failed || failed)
        _exit (1);
      for (;;)
        pause ();
    }
  tss_close (&announce);
  if (pid < 0)
    return -1;
  if (TSS_RETRY (read (arrived, &failed, sizeof failed)) == sizeof failed && !failed)
    return pid;
  box_abandon (pid);
  return tss_error_set (error, TSS_ERROR_NAMESPACE, failed, "linux.namespaces",
                        "linux.namespaces: enter the user namespace");
}

static int
open_namespace_of (int proc, pid_t pid, struct tss_error *error)
{
  char path[64];
  int fd;

  snprintf (path, sizeof path, "%d/ns/user", pid);
  fd = openat (proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, path, "open the user namespace");
  return fd;
}

int
box_user_namespace_make (int proc, const struct box_id_maps *maps, struct tss_error *error)
{
  pid_t dweller = start_dweller (-1, error);
  int fd = -1;

  if (dweller < 0)
    return -1;
  if (box_id_maps_write (proc, dweller, maps, error) == 0)
    fd = open_namespace_of (proc, dweller, error);
  box_abandon (dweller);
  return fd;
}

static int
check_agreement (const struct box_id_maps *wanted, const struct box_id_maps *present, const char *path,
                 struct tss_error *error)
{
  if (!box_id_map_agrees (&wanted->users, &present->users))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.uidMappings",
                          "linux.uidMappings: the user namespace %s has others", path);
  if (!box_id_map_agrees (&wanted->groups, &present->groups))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.gidMappings",
                          "linux.gidMappings: the user namespace %s has others", path);
  return 0;
}

int
box_user_namespace_open (int proc, const char *path, const struct box_id_maps *wanted, struct box_id_maps *present,
                         struct tss_error *error)
{
  tss_autofd int fd = box_namespace_open (path);
  pid_t dweller;
  int result;

  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, path, "open the user namespace %s", path);
  dweller = start_dweller (fd, error);
  if (dweller < 0)
    return -1;
  result = box_id_maps_read (proc, dweller, present, error);
  box_abandon (dweller);
  if (result < 0 || check_agreement (wanted, present, path, error) < 0)
    return -1;
  return tss_steal_fd (&fd);
}

int
box_user_namespace_become_root (struct tss_error *error)
{
  if (setgroups (0, NULL) < 0 || setresgid (0, 0, 0) < 0 || setresuid (0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.uidMappings",
                          "linux.uidMappings: become root of the user namespace");
  /* A change of user may have made us dumpable again, by /proc/sys/fs/suid_dumpable. */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "protect the process");
  return 0;
}

int
box_user_namespace_enter (int user_namespace, struct tss_error *error)
{
  if (setns (user_namespace, CLONE_NEWUSER) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: enter the user namespace");
  return box_user_namespace_become_root (error);
}
