/* Making, starting and removing containers, from the caller's side. */
#include "../common/cleanup.h"
#include "child.h"
#include "container.h"
#include "namespaces.h"
#include "seccomp-listener.h"
#include "stage.h"
#include "start-socket.h"
#include "sysctls.h"
#include "warning.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long to wait for processes that are ending; one in an uninterruptible sleep may never go. */
enum
{
  END_TIMEOUT_MS = 10000
};

/* Where the first process is born. */
static int
begin_cgroup (const struct box_options *options, const struct box_spec *spec, struct box_container *container,
              struct tss_error *error)
{
  const char *path = options->cgroup ? options->cgroup : spec->cgroups_path;

  if (box_cgroup_name (path && *path ? path : options->id, &container->cgroup, error) < 0)
    return -1;
  return box_cgroup_make_unified (&container->cgroup, error);
}

/* A child that has died says why to whoever waits for its creation. For all that is not said otherwise it would wait
 * for ever, and we for it. */
static int
check_sent (int result, struct tss_error *error)
{
  if (result == 0 || errno == EPIPE || errno == ECONNRESET)
    return 0;
  return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "talk to the container's process");
}

/* What nobody has asked for is missed with a warning where nothing can give it. */
static int
limit_devices (const struct box_spec *spec, const struct box_container *container, struct tss_error *error)
{
  if (container->cgroup.count > 0 || json_array_size (json_object_get (spec->resources, "devices")) > 0)
    return box_cgroup_apply_devices (&container->cgroup, spec->resources, error);
  box_warn (&container->warner, "linux.resources.devices: whoever may make devices may use them all: this host has no "
                                "cgroups mounted");
  return 0;
}

/* The rest of it and all limits, while the child makes its namespaces, which takes as long. */
static int
finish_cgroup (const struct box_spec *spec, struct box_container *container, struct tss_error *error)
{
  if (box_cgroup_make_v1 (&container->cgroup, error) < 0
      || box_cgroup_apply (&container->cgroup, spec->resources, &container->warner, error) < 0
      || limit_devices (spec, container, error) < 0)
    return -1;
  return check_sent (box_channel_send_kind (&container->channel, BOX_MESSAGE_CGROUP), error);
}

/* From now on the first process is the one that the stage has made; the stage itself has ended. */
static int
await_birth (const struct box_spec *spec, struct box_container *container, struct tss_error *error)
{
  tss_autofd int stage = -1;
  pid_t first = container->pid;
  int result;

  if (!box_stage_is_needed (spec))
    return 0;
  stage = tss_steal_fd (&container->pidfd);
  result = box_await_birth (&container->channel, &container->pid, &container->pidfd, &container->warner, error);

  if (result == 0)
    TSS_RETRY (waitpid (first, NULL, 0));
  return result;
}

/* Starts the first process. In it, this does not return. */
static int
clone_child (const struct box_options *options, const struct box_spec *spec, struct box_container *container,
             int listener, struct tss_error *error)
{
  const char *pid_path = box_namespaces_path (&spec->namespaces, CLONE_NEWPID);
  bool staged = box_stage_is_needed (spec);
  /* The first process makes all others itself. */
  int flags = staged ? CLONE_NEWNS : spec->namespaces.created & CLONE_NEWPID;
  struct box_channel child;
  tss_autofd int cgroup = -1;
  tss_autofd int pid_target = pid_path ? box_namespace_open (pid_path) : -1;
  struct box_clone clone_options = { .flags = flags, .pid_target = staged ? -1 : pid_target };

  if (pid_path && pid_target < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, pid_path, "open the pid namespace %s", pid_path);
  if (box_cgroup_open_unified (&container->cgroup, &cgroup, error) < 0)
    return -1;
  clone_options.cgroup = cgroup;
  if (box_channel_open (&container->channel, &child, error) < 0)
    return -1;
  box_channel_set_patience (&container->channel, (struct box_patience){ .cgroup = &container->cgroup });
  container->pid = box_clone (&clone_options, &container->pidfd, error);
  if (container->pid == 0)
    {
      struct box_setup setup = { .spec = spec,
                                 .options = options,
                                 .cgroup = &container->cgroup,
                                 .channel = child,
                                 .user_namespace = -1,
                                 .overlay = options->overlay,
                                 .mount_point = options->bundle,
                                 .root_tree = -1,
                                 .proc = -1,
                                 .root = -1,
                                 .null_source = -1,
                                 .terminal = -1,
                                 .terminal_slave = -1 };

      box_channel_close (&container->channel);
      if (staged)
        box_stage_run (&setup, pid_target);
      box_child_run (&setup, listener);
    }
  box_channel_close (&child);
  return container->pid < 0 ? -1 : 0;
}

static int
begin (const struct box_options *options, const struct box_spec *spec, struct box_container *container, int listener,
       struct tss_error *error)
{
  if (begin_cgroup (options, spec, container, error) == 0
      && clone_child (options, spec, container, listener, error) == 0)
    return 0;
  box_cgroup_forget_v1 (&container->cgroup);
  return -1;
}

/* What a user namespace does not let the first process do. */
static int
set_sysctls (const struct box_spec *spec, struct box_container *container, struct tss_error *error)
{
  if (!box_namespaces_has (&spec->namespaces, CLONE_NEWUSER) || spec->sysctl_count == 0)
    return 0;
  return box_sysctls_set_in (container->pidfd, spec, error);
}

/* The filter is compiled while the child mounts. */
static int
send_filter (const struct box_spec *spec, struct box_container *container, struct tss_error *error)
{
  if (!spec->seccomp)
    return 0;
  container->filter = box_seccomp_compile (spec->seccomp, error);
  if (!container->filter)
    return -1;
  return check_sent (
      box_channel_send_bytes (&container->channel, container->filter, box_seccomp_size (container->filter)), error);
}

/* In the caller's namespaces, while the child waits for us. */
static int
run_creation_hooks (const struct box_spec *spec, struct box_container *container, struct tss_error *error)
{
  if (!box_hooks_at_creation (spec->hooks))
    return 0;
  if (box_await (&container->channel, BOX_MESSAGE_MOUNTED, NULL, &container->warner, error) < 0)
    return -1;
  container->hooks_began = true;
  if (box_container_run_hooks (container, BOX_HOOK_PRESTART, "creating", NULL, error) < 0
      || box_container_run_hooks (container, BOX_HOOK_CREATE_RUNTIME, "creating", NULL, error) < 0)
    return -1;
  return check_sent (box_channel_send_kind (&container->channel, BOX_MESSAGE_CONTINUE), error);
}

static const struct box_warner silent;

/* What is left to do when nothing is left of a container. Its hooks' failures change nothing. */
static void
run_final_hooks (const struct box_container *container)
{
  const struct box_warner *warner = container->warner.warn ? &container->warner : &silent;

  box_container_run_hooks (container, BOX_HOOK_POSTSTOP, "stopped", warner, NULL);
}

/* A first process that was killed could not say why. */
static void
explain_kill (const struct box_container *container, struct tss_error *error)
{
  static const char field[] = "linux.resources.memory.limit";

  if (box_cgroup_oom_kills (&container->cgroup) > 0)
    tss_error_set (error, TSS_ERROR_CGROUP, ENOMEM, field, "%s: set the container up", field);
}

static int
create_from_spec (const struct box_options *options, const struct box_spec *spec, struct box_container *container,
                  struct tss_error *error)
{
  tss_autofd int listener = -1;

  if (options->start_socket)
    {
      listener = box_start_socket_listen (options->start_socket, error);
      if (listener < 0)
        return -1;
    }
  container->rights_known = true;
  container->capabilities = spec->process.capabilities;
  container->personality = spec->personality;
  container->warner = options->warner;
  if (begin (options, spec, container, listener, error) < 0 || finish_cgroup (spec, container, error) < 0
      || await_birth (spec, container, error) < 0 || set_sysctls (spec, container, error) < 0
      || run_creation_hooks (spec, container, error) < 0 || send_filter (spec, container, error) < 0
      || (options->meanwhile && options->meanwhile (options->context, container, error) < 0)
      || box_await (&container->channel, BOX_MESSAGE_CREATED, &container->terminal, &options->warner, error) < 0)
    {
      box_abandon (container->pid);
      explain_kill (container, error);
      /* A stage that was killed may have left the first process, which nobody knows. */
      box_cgroup_kill (&container->cgroup, NULL);
      box_cgroup_remove (&container->cgroup, END_TIMEOUT_MS, NULL);
      if (options->start_socket)
        unlink (options->start_socket);
      if (container->hooks_began)
        run_final_hooks (container);
      return -1;
    }
  return 0;
}

int
box_create (const struct box_options *options, struct box_container **container, struct tss_error *error)
{
  __attribute__ ((cleanup (box_spec_free))) struct box_spec spec = { 0 };
  struct box_container *made;

  if (options->bundle[0] != '/')
    return tss_error_set (error, TSS_ERROR_INVALID, 0, options->bundle, "bundle: %s is not absolute", options->bundle);
  if (box_spec_parse (options->spec, &spec, error) < 0
      || !(made = box_container_new (options->id, options->bundle, options->spec, error)))
    return -1;
  if (create_from_spec (options, &spec, made, error) < 0)
    {
      box_container_free (made);
      return -1;
    }
  *container = made;
  return 0;
}

/* Whoever hears that a start has failed finds a stopped container when it asks. */
static void
await_end (const struct box_container *container)
{
  struct pollfd ended = { .fd = container->pidfd, .events = POLLIN };

  if (container->pidfd >= 0)
    TSS_RETRY (poll (&ended, 1, END_TIMEOUT_MS));
}

static int
await_program (struct box_container *container, struct box_channel *channel, struct tss_error *error)
{
  int result = box_await (channel, BOX_MESSAGE_END, NULL, &container->warner, error);

  if (channel->patience.is_lost)
    box_signal (container, SIGKILL, NULL);
  if (result == BOX_AWAIT_FAILED || channel->patience.is_lost)
    await_end (container);
  return result;
}

static int
request_start (struct box_container *container, struct box_channel *channel, struct tss_error *error)
{
  const struct box_listened listened
      = { .pid = container->pid, .pidfd = container->pidfd, .status = "created", .channel = channel };

  if (box_channel_send_kind (channel, BOX_MESSAGE_START) < 0)
    return tss_error_set (error, TSS_ERROR_STATE, errno, "", "start: the container has ended");
  if (box_listener_is_needed (container) && box_listener_hand_over (container, &listened, error) < 0)
    return -1;
  return await_program (container, channel, error);
}

/* A container whose hooks for the start fail does not go on. */
static int
finish_start (struct box_container *container, struct tss_error *error)
{
  if (box_container_run_hooks (container, BOX_HOOK_POSTSTART, "running", NULL, error) == 0)
    return 0;
  box_signal (container, SIGKILL, NULL);
  await_end (container);
  return -1;
}

int
box_start (struct box_container *container, struct tss_error *error)
{
  int result;

  if (container->channel.fd < 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "start: the container has been started already");
  result = request_start (container, &container->channel, error);
  box_channel_close (&container->channel);
  return result < 0 ? -1 : finish_start (container, error);
}

int
box_release (struct box_container *container, const char *start_socket, struct tss_error *error)
{
  struct box_channel channel = { .fd = box_start_socket_connect (start_socket, error) };
  int result = -1;

  if (channel.fd >= 0)
    {
      box_channel_set_patience (&channel, (struct box_patience){ .cgroup = &container->cgroup });
      result = request_start (container, &channel, error);
    }
  box_channel_close (&channel);
  return result < 0 ? -1 : finish_start (container, error);
}

int
box_await_release (struct box_container *container, int connection, const char *start_socket, struct tss_error *error)
{
  struct box_channel channel = { .fd = connection };
  int result;

  box_channel_set_patience (&channel, (struct box_patience){ .cgroup = &container->cgroup });
  result = await_program (container, &channel, error);
  box_channel_close (&channel);
  if (result == BOX_AWAIT_REFUSED)
    return box_release (container, start_socket, error);
  return result < 0 ? -1 : 0;
}

int
box_destroy (struct box_container *container, struct tss_error *error)
{
  int result = 0;

  if (container->pidfd >= 0)
    syscall (SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
  /* Most often nothing is left, and removing at once says so soonest. */
  if (box_cgroup_remove (&container->cgroup, 0, NULL) < 0)
    {
      box_cgroup_kill (&container->cgroup, NULL);
      result = box_cgroup_remove (&container->cgroup, END_TIMEOUT_MS, error);
    }
  if (result == 0)
    run_final_hooks (container);
  box_container_free (container);
  return result;
}
