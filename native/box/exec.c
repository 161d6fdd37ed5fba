/* Further processes in a container that runs. */
#include "../common/cleanup.h"
#include "container.h"
#include "namespaces.h"
#include "process.h"
#include "procfs.h"
#include "rlimits.h"
#include "seccomp-listener.h"
#include "terminal.h"
#include "user-namespace.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum
{
  /* The pid namespace is the one that the process was born in. */
  JOINED = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
};

enum
{
  EXEC_ROUNDS = 5 /* 10 s: far above what a busy machine needs */
};

struct exec_context
{
  struct box_container *container;
  const struct box_exec_options *options;
  struct box_cgroup cgroup; /* the container's, or one below it */
  struct box_launch launch;
  struct box_channel channel;
};

/* What the process will not have the right to once it is in the user namespace. */
static int
prepare_for_user_namespace (struct exec_context *context, struct tss_error *error)
{
  __attribute__ ((cleanup (box_id_maps_free))) struct box_id_maps maps = { 0 };
  const struct box_process *process = context->launch.process;

  if (box_id_maps_read (context->launch.proc, context->container->pid, &maps, error) < 0)
    return -1;
  box_rlimits_raise (process);
  return box_stdio_give (context->launch.stdio, &maps, process->uid, error);
}

static int
join_namespaces (struct exec_context *context, struct tss_error *error)
{
  int proc = context->launch.proc, flags = JOINED;
  pid_t pid = context->container->pid;
  bool has_users = box_namespace_differs (proc, pid, "user");

  if (has_users && prepare_for_user_namespace (context, error) < 0)
    return -1;
  /* Entering its own user namespace is what no process may do; not every kernel has time namespaces. */
  if (has_users)
    flags |= CLONE_NEWUSER;
  if (box_namespace_differs (proc, pid, "time"))
    flags |= CLONE_NEWTIME;
  if (setns (context->container->pidfd, flags) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "enter the container");
  return has_users ? box_user_namespace_become_root (error) : 0;
}

static int
enter_container (struct exec_context *context, struct tss_error *error)
{
  /* No process of the container may look into this copy of our memory and descriptors (CVE-2016-9962). */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setsid () < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "begin a session");
  if (syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "make a session keyring");
  context->launch.proc = box_procfs_open (error);
  if (context->launch.proc < 0
      || box_procfs_set_oom_score (context->launch.proc, context->launch.process, &context->channel, error) < 0
      || box_cgroup_join_v1 (&context->cgroup, error) < 0)
    return -1;
  return join_namespaces (context, error);
}

static int
open_terminal (struct exec_context *context, int *master, struct tss_error *error)
{
  tss_autofd int root = -1;

  if (!context->launch.process->terminal)
    return 0;
  root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/", "open the container's root");
  return box_terminal_open (root, context->launch.process, master, &context->launch.terminal, error);
}

/* Runs in the new process. */
static _Noreturn void
run_child (struct exec_context *context)
{
  struct tss_error error = { 0 };
  struct box_message created = { .kind = BOX_MESSAGE_CREATED };
  tss_autofd int master = -1;

  if (enter_container (context, &error) < 0
      || box_scheduling_enter_final (&context->launch.process->scheduling, &error) < 0
      || open_terminal (context, &master, &error) < 0 || box_launch_prepare (&context->launch, &error) < 0)
    box_child_fail (&context->channel, &error);
  if (box_channel_send (&context->channel, &created, master) < 0)
    tss_error_set (&error, TSS_ERROR_INTERNAL, errno, "", "report the process");
  else
    box_launch_exec (&context->launch, &error);
  box_child_fail (&context->channel, &error);
}

/* A container that another process made: what its spec says of later processes is read when there is one. */
static int
load_rights (struct box_container *container, struct tss_error *error)
{
  __attribute__ ((cleanup (box_spec_free))) struct box_spec spec = { 0 };

  if (container->rights_known)
    return 0;
  if (box_spec_parse (container->spec, &spec, error) < 0)
    return -1;
  container->capabilities = spec.process.capabilities;
  container->personality = spec.personality;
  if (spec.seccomp && !(container->filter = box_seccomp_compile (spec.seccomp, error)))
    return -1;
  container->rights_known = true;
  return 0;
}

static void
choose_rights (struct exec_context *context)
{
  const struct box_exec_options *options = context->options;

  context->launch.filter = options->privileged ? NULL : context->container->filter;
  if (options->privileged)
    context->launch.capabilities = box_capabilities_all ();
  else if (context->launch.process->has_capabilities)
    context->launch.capabilities = context->launch.process->capabilities;
  else
    context->launch.capabilities = context->container->capabilities;
}

static int
await_exec (const struct exec_context *context, const struct box_listened *listened, int *terminal,
            struct tss_error *error)
{
  struct box_container *container = context->container;

  if (box_await (listened->channel, BOX_MESSAGE_CREATED, terminal, &container->warner, error) < 0)
    return -1;
  if ((!context->launch.filter || !box_listener_is_needed (container)
       || box_listener_hand_over (container, listened, error) == 0)
      && box_await (listened->channel, BOX_MESSAGE_END, NULL, &container->warner, error) == 0)
    return 0;
  tss_close (terminal);
  return -1;
}

/* The process begins on the CPUs that it is to have before it is in the container's cgroup; the caller goes back to
 * its own. */
static pid_t
clone_on_initial_cpus (struct exec_context *context, const struct box_clone *options, int *pidfd,
                       struct tss_error *error)
{
  const struct box_scheduling *scheduling = &context->launch.process->scheduling;
  struct box_cpus own;
  pid_t pid;

  if (box_scheduling_enter_initial (scheduling, &own, error) < 0)
    return -1;
  pid = box_clone (options, pidfd, error);
  if (pid != 0 && scheduling->initial_cpus)
    box_cpus_apply (&own);
  return pid;
}

static int
start_process (struct exec_context *context, pid_t *pid, int *terminal, struct tss_error *error)
{
  struct box_channel caller;
  tss_autofd int cgroup = -1;
  tss_autofd int pidfd = -1;
  struct box_clone clone_options = { .pid_target = context->container->pidfd };
  struct box_listened listened;
  int result;

  if (box_cgroup_open_unified (&context->cgroup, &cgroup, error) < 0
      || box_channel_open (&caller, &context->channel, error) < 0)
    return -1;
  clone_options.cgroup = cgroup;
  if (!context->options->when_frozen)
    box_channel_set_patience (&caller, (struct box_patience){ .cgroup = &context->container->cgroup,
                                                              .rounds = context->options->gives_up ? EXEC_ROUNDS : 0 });
  *pid = clone_on_initial_cpus (context, &clone_options, &pidfd, error);
  if (*pid == 0)
    {
      box_channel_close (&caller);
      run_child (context);
    }
  box_channel_close (&context->channel);
  listened = (struct box_listened){ .pid = *pid, .pidfd = pidfd, .status = "running", .channel = &caller };
  result = *pid < 0 ? -1 : await_exec (context, &listened, terminal, error);
  box_channel_close (&caller);
  /* What does not answer may not die at once either. */
  if (result < 0 && caller.patience.is_lost && context->options->gives_up)
    kill (*pid, SIGKILL);
  else if (result < 0)
    box_abandon (*pid);
  return result;
}

static bool
is_given (const json_t *value)
{
  return value && !json_is_null (value) && !(json_is_string (value) && json_string_length (value) == 0);
}

/* What a process object says nothing of is as for the container's own process: its labels above all, without which the
 * process would be less confined than the rest. */
static json_t *
complete_process (const struct box_container *container, const json_t *process, struct tss_error *error)
{
  static const char *const inherited[]
      = { "apparmorProfile", "selinuxLabel", "rlimits", "oomScoreAdj", "ioPriority", "scheduler", "execCPUAffinity" };
  const json_t *own = json_object_get (container->spec, "process");
  tss_autojson json_t *complete = json_copy ((json_t *)(uintptr_t)process);
  int result = complete ? 0 : -1;

  for (size_t i = 0; result == 0 && json_is_object (complete) && i < TSS_LENGTH (inherited); i++)
    {
      json_t *value = json_object_get (own, inherited[i]);

      if (value && !is_given (json_object_get (complete, inherited[i])))
        result = json_object_set (complete, inherited[i], value);
    }
  if (result == 0)
    return tss_steal_pointer (&complete);
  tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "process", "process: read it");
  return NULL;
}

int
box_exec (struct box_container *container, const struct box_exec_options *options, pid_t *pid, int *terminal,
          struct tss_error *error)
{
  tss_autojson json_t *described = complete_process (container, options->process, error);
  __attribute__ ((cleanup (box_process_free))) struct box_process process = { 0 };
  struct exec_context context = { .container = container, .options = options };
  int result;

  *terminal = -1;
  if (!described || box_process_parse (described, "process", &process, error) < 0 || load_rights (container, error) < 0)
    return -1;
  if (container->channel.fd >= 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "exec: the container has not been started");
  /* It would freeze with the others before it could say a word. */
  if (!options->when_frozen && box_cgroup_is_frozen (&container->cgroup))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "exec: the container is paused");
  if (box_cgroup_is_out_of_memory (&container->cgroup))
    return box_cgroup_refuse_memory (error);
  context.launch = (struct box_launch){ .process = &process,
                                        .channel = &context.channel,
                                        .proc = -1,
                                        .stdio = { options->stdio[0], options->stdio[1], options->stdio[2] },
                                        .terminal = -1,
                                        .preserve_fds = options->preserve_fds,
                                        .personality = container->personality };
  choose_rights (&context);
  result = box_cgroup_below (&container->cgroup, options->cgroup, &context.cgroup, error);
  if (result == 0)
    result = start_process (&context, pid, terminal, error);
  box_cgroup_free (&context.cgroup);
  return result;
}
