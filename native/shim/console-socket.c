/* Where another OCI runtime hands over the terminal that it has made. */
#include "console-socket.h"
#include "../common/cleanup.h"
#include "socket.h"

#include <string.h>
#include <sys/socket.h>

int
console_socket_open (const char *path, struct tss_error *error)
{
  unlink (path); /* of an earlier run */
  return socket_listen (path, error);
}

static int
receive_descriptor (int connection)
{
  char name[64]; /* of the terminal, which nobody needs */
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct iovec data = { .iov_base = name, .iov_len = sizeof name };
  struct msghdr message
      = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  int fd = -1;

  if (TSS_RETRY (recvmsg (connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) >= 0
      && message.msg_controllen >= CMSG_LEN (sizeof fd) && control.header.cmsg_type == SCM_RIGHTS)
    memcpy (&fd, CMSG_DATA (&control.header), sizeof fd);
  return fd;
}

int
console_socket_take (int listener, struct tss_error *error)
{
  tss_autofd int connection = TSS_RETRY (accept4 (listener, NULL, NULL, SOCK_CLOEXEC));
  int terminal = connection < 0 ? -1 : receive_descriptor (connection);

  return terminal >= 0 ? terminal
                       : tss_error_set (error, TSS_ERROR_IO, 0, "", "take the terminal from the container runtime");
}
