#include "port-socket.h"
#include "../common/cleanup.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

/* Datagrams that no rule took away are not for us: without a filter they would fill the socket's buffer. */
static void
drop_datagrams (int fd)
{
  struct sock_filter drop = BPF_STMT (BPF_RET | BPF_K, 0);
  struct sock_fprog program = { .len = 1, .filter = &drop };
  setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int
port_socket_open (int protocol, const struct address *address, bool both, uint16_t *port, bool share)
{
  struct sockaddr_storage socket_address;
  socklen_t length = address_to_socket (address, *port, &socket_address);
  int one = 1, zero = 0;
  int fd = socket (address->family, (protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, protocol);
  if (fd < 0)
    return -1;
  if (protocol == IPPROTO_UDP)
    drop_datagrams (fd);
  if (address->family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? &zero : &one, sizeof one);
  if (share)
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (fd, (struct sockaddr *)&socket_address, length) < 0
      || getsockname (fd, (struct sockaddr *)&socket_address, &length) < 0)
    {
      tss_close (&fd);
      return -1;
    }
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &zero, sizeof zero); /* nobody shares it from now on */
  *port = ntohs (address->family == AF_INET ? ((struct sockaddr_in *)&socket_address)->sin_port
                                            : ((struct sockaddr_in6 *)&socket_address)->sin6_port);
  return fd;
}

static bool
is_wildcard (const struct address *address)
{
  static const uint8_t zero[16];
  return memcmp (address->bytes, zero, address_size (address)) == 0;
}

bool
port_addresses_overlap (const struct address *a, const struct address *b)
{
  if (is_wildcard (a) || is_wildcard (b))
    return a->family == b->family || is_wildcard (a->family == AF_INET6 ? a : b);
  return a->family == b->family && memcmp (a->bytes, b->bytes, address_size (a)) == 0;
}
