/* linux.seccomp.listenerPath: somebody outside decides on system calls of the container's processes. */
#include "seccomp-listener.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"
#include "start-socket.h"
#include "state.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* A listener that takes nothing must not hold the start of a container for ever. */
enum
{
  SEND_TIMEOUT_S = 10
};

static const json_t *
seccomp_of (const struct box_container *container)
{
  return json_object_get (json_object_get (container->spec, "linux"), "seccomp");
}

bool
box_listener_is_needed (const struct box_container *container)
{
  size_t index;
  json_t *entry;

  json_array_foreach (json_object_get (seccomp_of (container), "syscalls"), index, entry)
  {
    const char *action = json_string_value (json_object_get (entry, "action"));

    if (action && strcmp (action, "SCMP_ACT_NOTIFY") == 0)
      return true;
  }
  return false;
}

/* The container process state of the runtime spec. */
static json_t *
describe (const struct box_container *container, const struct box_listened *listened)
{
  const struct box_identity identity
      = { container->id, container->bundle, json_object_get (container->spec, "annotations") };
  json_t *state = box_state_describe (&identity, listened->status, container->pid);

  return json_pack ("{s:s, s:[s], s:i, s:O*, s:o}", "ociVersion", BOX_OCI_VERSION, "fds", "seccompFd", "pid",
                    listened->pid, "metadata", json_object_get (seccomp_of (container), "listenerMetadata"), "state",
                    state);
}

/* The descriptor goes with the first bytes. */
static int
send_text (int socket, const char *text, int listener)
{
  size_t length = strlen (text);
  struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = length };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN (sizeof (int)) } };
  struct msghdr message
      = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t sent;

  memcpy (CMSG_DATA (&control.header), &listener, sizeof listener);
  sent = TSS_RETRY (sendmsg (socket, &message, MSG_NOSIGNAL));
  return sent < 0 ? -1 : tss_write_all (socket, text + sent, length - (size_t)sent);
}

static int
deliver (const struct box_container *container, const struct box_listened *listened, int listener,
         struct tss_error *error)
{
  const char *path = json_string_value (json_object_get (seccomp_of (container), "listenerPath"));
  tss_autojson json_t *state = describe (container, listened);
  tss_autofree char *text = state ? tss_json_format (state) : NULL;
  tss_autofd int socket = -1;

  if (!path || !text)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.seccomp.listenerPath",
                          "linux.seccomp.listenerPath: describe the container");
  socket = box_socket_connect (path, SOCK_STREAM, SEND_TIMEOUT_S);
  if (socket < 0 || send_text (socket, text, listener) < 0)
    return tss_error_set (error, TSS_ERROR_SECCOMP, errno, "linux.seccomp.listenerPath",
                          "linux.seccomp.listenerPath: hand over to %s", path);
  return 0;
}

int
box_listener_hand_over (struct box_container *container, const struct box_listened *listened, struct tss_error *error)
{
  int number = -1;
  tss_autofd int listener = -1;

  if (box_await_listener (listened->channel, &number, &container->warner, error) < 0)
    return -1;
  /* The process may send nothing but a number, see check_notified in seccomp-profile.c. */
  listener = (int)syscall (SYS_pidfd_getfd, listened->pidfd, number, 0);
  if (listener < 0)
    return tss_error_set (error, TSS_ERROR_SECCOMP, errno, "linux.seccomp",
                          "linux.seccomp: take the descriptor of the filter");
  if (deliver (container, listened, listener, error) < 0)
    return -1;
  if (box_channel_send_kind (listened->channel, BOX_MESSAGE_CONTINUE) < 0)
    return tss_error_set (error, TSS_ERROR_STATE, errno, "", "start: the process has ended");
  return 0;
}
