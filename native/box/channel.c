/* The conversation between the caller and the container's first process. */
#include "channel.h"
#include "../common/cleanup.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

int
box_channel_open (struct box_channel *caller, struct box_channel *child, struct tss_error *error)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "open a socket pair");
  *caller = (struct box_channel){ .fd = ends[0] };
  *child = (struct box_channel){ .fd = ends[1] };
  return 0;
}

void
box_channel_set_patience (struct box_channel *channel, struct box_patience patience)
{
  const struct timeval silence = { .tv_sec = BOX_PATIENCE_S };

  channel->patience = patience;
  setsockopt (channel->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
}

void
box_channel_close (struct box_channel *channel)
{
  tss_close (&channel->fd);
}

int
box_channel_send (struct box_channel *channel, const struct box_message *message, int fd)
{
  struct iovec part = { .iov_base = (void *)(uintptr_t)message, .iov_len = sizeof *message };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      packet.msg_control = &control;
      packet.msg_controllen = sizeof control;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof fd);
      memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
    }
  return TSS_RETRY (sendmsg (channel->fd, &packet, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

int
box_channel_send_kind (struct box_channel *channel, enum box_message_kind kind)
{
  struct box_message message = { .kind = kind };

  return box_channel_send (channel, &message, -1);
}

/* A peer that ends with something from us unread resets the connection, which the kernel reports before the last words
 * that it has sent: those come with the next call. */
static ssize_t
receive_packet (int fd, struct msghdr *packet)
{
  ssize_t length = TSS_RETRY (recvmsg (fd, packet, MSG_CMSG_CLOEXEC));

  return length < 0 && errno == ECONNRESET ? TSS_RETRY (recvmsg (fd, packet, MSG_CMSG_CLOEXEC)) : length;
}

int
box_channel_receive (struct box_channel *channel, struct box_message *message, int *fd)
{
  struct iovec part = { .iov_base = message, .iov_len = sizeof *message };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr packet
      = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t length = receive_packet (channel->fd, &packet);
  int received = -1;

  if (length < 0 && errno != ECONNRESET)
    return -1;
  if (length > 0 && packet.msg_controllen >= CMSG_LEN (sizeof received) && control.header.cmsg_type == SCM_RIGHTS)
    memcpy (&received, CMSG_DATA (&control.header), sizeof received);
  if (length < (ssize_t)sizeof *message)
    message->kind = BOX_MESSAGE_END;
  if (fd)
    *fd = tss_steal_fd (&received);
  tss_close (&received);
  return 0;
}

int
box_channel_send_bytes (struct box_channel *channel, const void *bytes, size_t size)
{
  return TSS_RETRY (send (channel->fd, bytes, size, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

ssize_t
box_channel_receive_bytes (struct box_channel *channel, void *bytes, size_t size)
{
  return TSS_RETRY (recv (channel->fd, bytes, size, 0));
}

int
box_channel_send_plainly (struct box_channel *channel, const struct box_message *message)
{
  return TSS_RETRY (write (channel->fd, message, sizeof *message)) < 0 ? -1 : 0;
}

int
box_channel_receive_plainly (struct box_channel *channel, struct box_message *message)
{
  ssize_t length = TSS_RETRY (read (channel->fd, message, sizeof *message));

  if (length < (ssize_t)sizeof *message)
    message->kind = BOX_MESSAGE_END;
  return length < 0 ? -1 : 0;
}

void
box_channel_warn (struct box_channel *channel, const char *format, ...)
{
  struct box_message message = { .kind = BOX_MESSAGE_WARNING };
  va_list arguments;

  va_start (arguments, format);
  vsnprintf (message.error.message, sizeof message.error.message, format, arguments);
  va_end (arguments);
  box_channel_send (channel, &message, -1);
}
