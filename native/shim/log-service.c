/* The connection to a logging service. */
#include "log-service.h"
#include "../common/cleanup.h"
#include "log-message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum
{
  /* A service that does not answer, or does not read, is given up, so that the next try can find it where it is by now.
   */
  SILENCE_MS = 20000
};

static int
make_address (const struct forward_options *options, struct sockaddr_storage *address, socklen_t *size)
{
  struct sockaddr_un *local = (struct sockaddr_un *)address;
  struct sockaddr_in *four = (struct sockaddr_in *)address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

  memset (address, 0, sizeof *address);
  if (options->socket)
    {
      local->sun_family = AF_UNIX;
      /* Cut short it would be another one. */
      if ((size_t)snprintf (local->sun_path, sizeof local->sun_path, "%s", options->socket) >= sizeof local->sun_path)
        return -1;
      *size = sizeof *local;
      return 0;
    }
  if (inet_pton (AF_INET, options->host, &four->sin_addr) == 1)
    {
      four->sin_family = AF_INET;
      four->sin_port = htons ((uint16_t)options->port);
      *size = sizeof *four;
      return 0;
    }
  if (inet_pton (AF_INET6, options->host, &six->sin6_addr) != 1)
    return -1;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons ((uint16_t)options->port);
  *size = sizeof *six;
  return 0;
}

int
log_service_check (const struct forward_options *options, struct tss_error *error)
{
  struct sockaddr_storage address;
  socklen_t size;

  if (options->host && options->port == 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.forward.port", "log.forward.port: needed with a host");
  if (make_address (options, &address, &size) == 0)
    return 0;
  if (options->host)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.forward.host", "log.forward.host: %s is no IP address",
                          options->host);
  return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "log.forward.socket",
                        "log.forward.socket: %s cannot be connected to", options->socket);
}

/* A stream may still be on its way to being connected. */
static bool
connect_service (struct log_service *service)
{
  const struct forward_options *options = service->options;
  unsigned int silence = SILENCE_MS;
  struct sockaddr_storage address;
  socklen_t size = 0;
  tss_autofd int fd = -1;

  if (make_address (options, &address, &size) < 0)
    return false;
  fd = socket (address.ss_family, (options->is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  if (options->is_stream && setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence) < 0)
    return false;
  if (connect (fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
    return false;
  service->watch.fd = tss_steal_fd (&fd);
  service->watch.is_added = false;
  service->sent = 0;
  return true;
}

/* A service that has closed its end still takes a line, and nobody would ever know that it was lost. What it has said
 * is thrown away (tcp(7), MSG_TRUNC): unread it would hide the end, and turn our own end into a reset, with which lines
 * are lost that are on their way. */
static bool
has_hung_up (const struct log_service *service)
{
  static char nowhere[64 * 1024]; /* nothing is ever written there */
  int fd = service->watch.fd;
  ssize_t said = recv (fd, nowhere, sizeof nowhere, MSG_TRUNC | MSG_DONTWAIT);

  if (said > 0)
    said = recv (fd, nowhere, sizeof nowhere, MSG_TRUNC | MSG_DONTWAIT);
  return said == 0;
}

/* Of a stream that has taken a part, the rest waits as one that took nothing does. */
static int
send_once (struct log_service *service, struct iovec *pieces, int count)
{
  struct msghdr header = { .msg_iov = pieces, .msg_iovlen = (size_t)count };
  bool is_stream = service->options->is_stream;
  ssize_t taken;

  if (is_stream && has_hung_up (service))
    return EPIPE;
  taken = sendmsg (service->watch.fd, &header, MSG_NOSIGNAL);
  if (taken < 0)
    return errno;
  if (!is_stream)
    return 0;
  service->sent += (size_t)taken;
  return (size_t)taken < log_message_size (pieces, count) ? EAGAIN : 0;
}

/* An error of an earlier datagram, or the end of the service, asks for another socket; whether a stream is connected
 * turns out later, so that its next try is made after a while. */
int
log_service_send (struct log_service *service, struct iovec *pieces, int count)
{
  bool is_stream = service->options->is_stream;
  int problem = ENOTCONN;

  if (service->watch.fd >= 0 || (is_stream && connect_service (service)))
    problem = send_once (service, pieces, count);
  if (problem == 0 || problem == EAGAIN || problem == ENOBUFS || problem == EMSGSIZE)
    return problem;
  log_service_close (service);
  if (is_stream)
    return ENOTCONN;
  return connect_service (service) ? send_once (service, pieces, count) : ENOTCONN;
}

void
log_service_close (struct log_service *service)
{
  loop_close_watch (service->loop, &service->watch);
  service->sent = 0;
}
