/* What libbox remembers of a container, and its simple questions. */
#include "container.h"
#include "../common/cleanup.h"
#include "state.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

struct box_container *
box_container_new (const char *id, const char *bundle, const json_t *spec, struct tss_error *error)
{
  struct box_container *container = calloc (1, sizeof *container);

  if (container)
    *container = (struct box_container){ .id = strdup (id),
                                         .bundle = strdup (bundle),
                                         .spec = json_incref ((json_t *)(uintptr_t)spec),
                                         .pid = -1,
                                         .pidfd = -1,
                                         .terminal = -1,
                                         .channel.fd = -1 };
  if (container && container->id && container->bundle)
    return container;
  box_container_free (container);
  tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "make a container");
  return NULL;
}

void
box_container_free (struct box_container *container)
{
  if (!container)
    return;
  tss_close (&container->pidfd);
  tss_close (&container->terminal);
  box_channel_close (&container->channel);
  box_cgroup_free (&container->cgroup);
  free (container->filter);
  free (container->id);
  free (container->bundle);
  json_decref (container->spec);
  free (container);
}

static int
await_message (struct box_channel *channel, enum box_message_kind wanted, struct box_message *message, int *fd,
               const struct box_warner *warner, struct tss_error *error)
{
  for (;;)
    {
      if (box_channel_receive (channel, message, fd) < 0)
        {
          if (errno != EAGAIN)
            return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "hear from the container's process");
          if (box_patience_check (&channel->patience, error) < 0)
            return -1;
          continue;
        }
      if (message->kind == wanted)
        return 0;
      if (message->kind == BOX_MESSAGE_WARNING && warner && warner->warn)
        warner->warn (warner->context, message->error.message);
      if (message->kind == BOX_MESSAGE_FAILED)
        {
          if (error)
            *error = message->error;
          return BOX_AWAIT_FAILED;
        }
      if (message->kind == BOX_MESSAGE_REFUSED)
        return BOX_AWAIT_REFUSED;
      if (message->kind == BOX_MESSAGE_END && channel->patience.cgroup
          && box_cgroup_was_out_of_memory (channel->patience.cgroup))
        return box_cgroup_refuse_memory (error);
      if (message->kind == BOX_MESSAGE_END)
        return tss_error_set (error, TSS_ERROR_INTERNAL, 0, "",
                              "the container's process was killed while it was set up (too little memory?)");
    }
}

int
box_await (struct box_channel *channel, enum box_message_kind wanted, int *terminal, const struct box_warner *warner,
           struct tss_error *error)
{
  struct box_message message;

  return await_message (channel, wanted, &message, terminal, warner, error);
}

int
box_await_birth (struct box_channel *channel, pid_t *pid, int *pidfd, const struct box_warner *warner,
                 struct tss_error *error)
{
  struct box_message message;

  if (await_message (channel, BOX_MESSAGE_BORN, &message, pidfd, warner, error) < 0)
    return -1;
  *pid = message.pid;
  return 0;
}

int
box_await_listener (struct box_channel *channel, int *listener, const struct box_warner *warner,
                    struct tss_error *error)
{
  struct box_message message;

  if (await_message (channel, BOX_MESSAGE_LISTENER, &message, NULL, warner, error) < 0)
    return -1;
  *listener = message.listener;
  return 0;
}

int
box_container_run_hooks (const struct box_container *container, enum box_hook_kind kind, const char *status,
                         const struct box_warner *warner, struct tss_error *error)
{
  const struct box_identity identity
      = { container->id, container->bundle, json_object_get (container->spec, "annotations") };
  tss_autojson json_t *state = NULL;
  struct box_hook_call call = { .hooks = json_object_get (container->spec, "hooks"), .warner = warner };

  if (!call.hooks)
    return 0;
  call.state = state = box_state_describe (&identity, status, kind == BOX_HOOK_POSTSTOP ? 0 : container->pid);
  if (!state)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "hooks", "hooks: run the hooks");
  return box_hooks_run (&call, kind, error);
}

void
box_abandon (pid_t pid)
{
  if (pid <= 0)
    return;
  kill (pid, SIGKILL);
  TSS_RETRY (waitpid (pid, NULL, 0));
}

_Noreturn void
box_child_fail (struct box_channel *channel, const struct tss_error *error)
{
  struct box_message message = { .kind = BOX_MESSAGE_FAILED, .error = *error };

  box_channel_send (channel, &message, -1);
  /* As a shell has it, should anybody look at the status rather than the message. */
  _exit (error->code == TSS_ERROR_EXEC_NOT_FOUND ? 127 : 126);
}

pid_t
box_pid (const struct box_container *container)
{
  return container->pid;
}

int
box_steal_terminal (struct box_container *container)
{
  return tss_steal_fd (&container->terminal);
}

int
box_kill_all (struct box_container *container, struct tss_error *error)
{
  /* Without a cgroup of its own the first process takes those of its pid namespace along. */
  if (container->cgroup.count == 0 && box_is_alive (container))
    return box_signal (container, SIGKILL, error);
  return box_cgroup_kill (&container->cgroup, error);
}

int
box_freeze (struct box_container *container, bool frozen, struct tss_error *error)
{
  return box_cgroup_freeze (&container->cgroup, frozen, error);
}

int
box_read_stats (struct box_container *container, struct box_stats *stats, struct tss_error *error)
{
  return box_cgroup_stats (&container->cgroup, stats, error);
}

ssize_t
box_pids (struct box_container *container, pid_t **pids, struct tss_error *error)
{
  return box_cgroup_pids (&container->cgroup, pids, error);
}

uint64_t
box_oom_kills (struct box_container *container)
{
  return box_cgroup_oom_kills (&container->cgroup);
}

int
box_update (struct box_container *container, const json_t *resources, struct tss_error *error)
{
  if (box_cgroup_apply (&container->cgroup, resources, &container->warner, error) < 0)
    return -1;
  /* Rules that were not given stay as they are. */
  return json_object_get (resources, "devices") ? box_cgroup_apply_devices (&container->cgroup, resources, error) : 0;
}
