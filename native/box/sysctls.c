/* Sysctls of a container with a user namespace. */
#include "sysctls.h"
#include "../common/cleanup.h"
#include "channel.h"
#include "container.h"
#include "namespaces.h"
#include "procfs.h"
#include "user-namespace.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Runs in a process of its own. */
static int
set_all (int pidfd, const struct box_spec *spec, struct tss_error *error)
{
  static const int kinds[] = { CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS };
  tss_autofd int proc = -1;
  int flags = 0, result;

  for (size_t i = 0; i < TSS_LENGTH (kinds); i++)
    if (box_namespaces_has (&spec->namespaces, kinds[i]))
      flags |= kinds[i];
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "protect the process");
  proc = box_procfs_open (error);
  if (proc < 0)
    return -1;
  /* One that has ended says itself what was wrong. */
  if (setns (pidfd, flags) < 0)
    return errno == ESRCH ? 0
                          : tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.sysctl",
                                           "linux.sysctl: enter the container's namespaces");
  result = box_procfs_set_sysctls (proc, spec, error);
  if (result == 0 || (error->error_number != EACCES && error->error_number != EPERM))
    return result;
  return box_user_namespace_enter (pidfd, error) < 0 ? -1 : box_procfs_set_sysctls (proc, spec, error);
}

int
box_sysctls_set_in (int pidfd, const struct box_spec *spec, struct tss_error *error)
{
  struct box_clone options = { .cgroup = -1, .pid_target = -1 };
  struct box_channel caller, child;
  tss_autofd int own = -1;
  pid_t pid;
  int result;

  if (box_channel_open (&caller, &child, error) < 0)
    return -1;
  pid = box_clone (&options, &own, error);
  if (pid == 0)
    {
      struct tss_error failure = { 0 };

      box_channel_close (&caller);
      if (set_all (pidfd, spec, &failure) < 0)
        box_child_fail (&child, &failure);
      box_channel_send_kind (&child, BOX_MESSAGE_CREATED);
      _exit (0);
    }
  box_channel_close (&child);
  result = pid < 0 ? -1 : box_await (&caller, BOX_MESSAGE_CREATED, NULL, NULL, error);
  box_channel_close (&caller);
  if (pid > 0)
    TSS_RETRY (waitpid (pid, NULL, 0));
  return result;
}
