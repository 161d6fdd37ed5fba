/* The container's first process, from its birth to the user's program. All of this runs in the new namespaces; what
 * fails is reported through the channel and ends the process. */
#include "child.h"
#include "../common/cleanup.h"
#include "container.h"
#include "namespaces.h"
#include "process.h"
#include "procfs.h"
#include "program.h"

#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Keys in the caller's session are no business of the container. */
static int
leave_keyring (const struct box_options *options, struct tss_error *error)
{
  if (!options->keep_keyring && syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, options->id) < 0 && errno != ENOSYS)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "make a session keyring");
  return 0;
}

static int
set_names (const struct box_spec *spec, struct tss_error *error)
{
  if (spec->hostname && sethostname (spec->hostname, strlen (spec->hostname)) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "hostname", "hostname: set to %s", spec->hostname);
  if (spec->domainname && setdomainname (spec->domainname, strlen (spec->domainname)) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "domainname", "domainname: set to %s", spec->domainname);
  return 0;
}

/* They take the kernel as long as all the cgroups take the caller, who makes those meanwhile. A stage makes them
 * itself, with the process. */
static int
make_namespaces (const struct box_setup *setup, struct tss_error *error)
{
  /* The first comes with the process, that of cgroups is made later. */
  const int elsewhere = CLONE_NEWPID | CLONE_NEWCGROUP;

  if (!setup->staged && unshare (setup->spec->namespaces.created & ~elsewhere) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces", "linux.namespaces: make them");
  return 0;
}

int
box_setup_join_cgroup (struct box_setup *setup, struct tss_error *error)
{
  struct box_message message;

  if (box_channel_receive (&setup->channel, &message, NULL) < 0 || message.kind != BOX_MESSAGE_CGROUP)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container was given up before it had a cgroup");
  return box_cgroup_join_v1 (setup->cgroup, error);
}

/* The cgroup namespace's root is the cgroup that its maker is in at that moment. */
static int
make_cgroup_namespace (struct box_setup *setup, struct tss_error *error)
{
  if (setup->spec->namespaces.created & CLONE_NEWCGROUP && unshare (CLONE_NEWCGROUP) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: make a cgroup namespace");
  return 0;
}

static int
enter_host_side (struct box_setup *setup, struct tss_error *error)
{
  setup->proc = box_procfs_open (error);
  if (setup->proc < 0 || box_procfs_set_oom_score (setup->proc, &setup->spec->process, &setup->channel, error) < 0
      || box_setup_join_cgroup (setup, error) < 0)
    return -1;
  return box_namespaces_join (&setup->spec->namespaces, error);
}

static int
enter_namespaces (struct box_setup *setup, struct tss_error *error)
{
  /* Until the exec no process of the container may look into this copy of our memory and descriptors. */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setsid () < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "begin a session");
  if (leave_keyring (setup->options, error) < 0 || make_namespaces (setup, error) < 0
      || (!setup->staged && enter_host_side (setup, error) < 0) || make_cgroup_namespace (setup, error) < 0
      || set_names (setup->spec, error) < 0)
    return -1;
  /* From inside a user namespace not all can be set: then the caller does it. */
  return setup->user_namespace < 0 ? box_procfs_set_sysctls (setup->proc, setup->spec, error) : 0;
}

static int
build_file_system (struct box_setup *setup, struct tss_error *error)
{
  if ((!setup->staged && box_setup_open_sources (setup, error) < 0) || box_setup_root (setup, error) < 0
      || box_setup_mounts (setup, error) < 0 || box_setup_devices (setup, error) < 0
      || box_setup_terminal (setup, error) < 0 || box_setup_hidden_paths (setup, error) < 0
      || box_setup_hooks (setup, error) < 0)
    return -1;
  return box_setup_enter_root (setup, error);
}

/* Compiled by the caller while we mount. */
static int
receive_filter (struct box_setup *setup, struct box_seccomp_filter *filter, struct tss_error *error)
{
  ssize_t length = box_channel_receive_bytes (&setup->channel, filter, sizeof *filter);

  if (length <= 0 || (size_t)length != box_seccomp_size (filter))
    return tss_error_set (error, TSS_ERROR_INTERNAL, length < 0 ? errno : 0, "", "receive the seccomp filter");
  return 0;
}

/* Hooks, or somebody who decides on system calls and has to be told. */
static bool
has_caller_to_do_more (const struct box_launch *launch)
{
  return json_object_size (launch->hooks) > 0
         || (launch->filter && launch->filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static int
await_start (const struct box_launch *launch, struct box_channel *channel, struct tss_error *error)
{
  struct box_message message;
  bool received = box_channel_receive (channel, &message, NULL) == 0;

  if (received && message.kind == BOX_MESSAGE_START_PLAINLY)
    {
      if (!has_caller_to_do_more (launch))
        return 0;
      box_channel_send_kind (channel, BOX_MESSAGE_REFUSED);
    }
  if (!received || message.kind != BOX_MESSAGE_START)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container was given up before its start");
  return 0;
}

/* Whoever connects and asks for the start gets the rest of the conversation. */
static int
await_start_on (int listener, const struct box_launch *launch, struct box_channel *channel, struct tss_error *error)
{
  for (;;)
    {
      int connection = TSS_RETRY (accept4 (listener, NULL, NULL, SOCK_CLOEXEC));

      if (connection < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "wait for the start");
      box_channel_close (channel);
      channel->fd = connection;
      if (await_start (launch, channel, error) == 0)
        return 0;
    }
}

static int
finish_set_up (struct box_setup *setup, struct tss_error *error)
{
  struct box_message created = { .kind = BOX_MESSAGE_CREATED };

  if (box_channel_send (&setup->channel, &created, setup->terminal) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "report the container's creation");
  tss_close (&setup->terminal);
  return 0;
}

_Noreturn void
box_child_run (struct box_setup *setup, int listener)
{
  struct tss_error error = { 0 };
  const struct box_spec *spec = setup->spec;
  struct box_seccomp_filter *filter = spec->seccomp ? malloc (sizeof *filter) : NULL;
  struct box_launch launch;

  if (enter_namespaces (setup, &error) < 0 || build_file_system (setup, &error) < 0)
    box_child_fail (&setup->channel, &error);
  launch = (struct box_launch){
    .process = &spec->process,
    .capabilities = spec->process.capabilities,
    .filter = filter,
    .channel = &setup->channel,
    .proc = setup->proc,
    .stdio = { setup->options->stdio[0], setup->options->stdio[1], setup->options->stdio[2] },
    .terminal = setup->terminal_slave,
    .preserve_fds = setup->options->preserve_fds,
    .make_cwd = true,
    .personality = spec->personality,
    .hooks = spec->hooks,
    .identity = { setup->options->id, setup->options->bundle, spec->annotations },
  };
  if (box_launch_prepare (&launch, &error) < 0
      /* Who starts it later, by another command, is told now already, as engines expect. */
      || (listener >= 0 && box_program_check (&spec->process, &error) < 0)
      || (filter && receive_filter (setup, filter, &error) < 0) || finish_set_up (setup, &error) < 0
      || (listener < 0 ? await_start (&launch, &setup->channel, &error)
                       : await_start_on (listener, &launch, &setup->channel, &error))
             < 0
      || box_launch_exec (&launch, &error) < 0)
    box_child_fail (&setup->channel, &error);
  _exit (126);
}
