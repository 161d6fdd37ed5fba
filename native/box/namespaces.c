/* Joining namespaces, and making processes in them. */
#include "namespaces.h"
#include "../common/cleanup.h"
#include "container.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int
box_namespace_open (const char *path)
{
  /* A named pipe is no namespace, and must not be waited for. */
  return open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int
box_namespaces_join (const struct box_namespaces *namespaces, struct tss_error *error)
{
  for (size_t i = 0; i < BOX_NAMESPACE_KINDS; i++)
    {
      const struct box_namespace_kind *kind = &box_namespace_kinds[i];
      const char *path = namespaces->joined[i];
      tss_autofd int fd = -1;

      if (!path || kind->flag == CLONE_NEWPID || kind->flag == CLONE_NEWUSER)
        continue;
      fd = box_namespace_open (path);
      if (fd < 0 || setns (fd, kind->flag) < 0)
        return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                              "linux.namespaces: join the %s namespace %s", kind->name, path);
    }
  return 0;
}

/* Ignored signals stay ignored over clone and exec, and the program is to find none. */
static void
reset_signals (void)
{
  sigset_t none;

  for (int number = 1; number < _NSIG; number++)
    signal (number, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static pid_t
call_clone (const struct box_clone *options, int *pidfd)
{
  struct clone_args arguments = { .flags = (uint64_t)(unsigned int)options->flags | CLONE_PIDFD,
                                  .pidfd = (uint64_t)(uintptr_t)pidfd,
                                  .exit_signal = SIGCHLD };
  pid_t pid;

  if (options->sibling)
    {
      arguments.flags |= CLONE_PARENT;
      arguments.exit_signal = 0; /* the caller's own */
    }
  if (options->cgroup >= 0)
    {
      arguments.flags |= CLONE_INTO_CGROUP;
      arguments.cgroup = (uint64_t)options->cgroup;
    }
  pid = (pid_t)syscall (SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0)
    reset_signals ();
  return pid;
}

pid_t
box_clone (const struct box_clone *options, int *pidfd, struct tss_error *error)
{
  tss_autofd int own = -1;
  pid_t pid;
  int saved;

  if (options->pid_target >= 0)
    {
      own = open ("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
      if (own < 0 || setns (options->pid_target, CLONE_NEWPID) < 0)
        return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "join the pid namespace");
    }
  pid = call_clone (options, pidfd);
  saved = errno;
  if (pid == 0)
    return 0;
  /* The caller never left its own namespace, it only chose another one for its children: too little memory is all that
   * can be in the way. */
  if (own >= 0 && setns (own, CLONE_NEWPID) < 0)
    {
      tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "go back to the caller's pid namespace");
      box_abandon (pid);
      return -1;
    }
  if (pid < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, saved, "linux.namespaces",
                          "linux.namespaces: make the first process");
  return pid;
}

bool
box_namespace_differs (int proc, pid_t pid, const char *link)
{
  char own_path[64], path[64];
  struct stat own, other;

  snprintf (own_path, sizeof own_path, "self/ns/%s", link);
  snprintf (path, sizeof path, "%d/ns/%s", pid, link);
  return fstatat (proc, own_path, &own, 0) == 0 && fstatat (proc, path, &other, 0) == 0
         && (own.st_ino != other.st_ino || own.st_dev != other.st_dev);
}
