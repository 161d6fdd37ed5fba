/* The socket at which a container waits for its start when its maker does not stay. */
#include "start-socket.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A socket's address has room for 107 bytes only: the directory is named by a descriptor. */
static int
make_address (const char *path, struct sockaddr_un *address, int *directory, struct tss_error *error)
{
  const char *slash = strrchr (path, '/');
  char parent[PATH_MAX];

  snprintf (parent, sizeof parent, "%.*s/", slash ? (int)(slash - path) : 1, slash ? path : ".");
  *directory = open (parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*directory < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open %s", parent);
  address->sun_family = AF_UNIX;
  if ((size_t)snprintf (address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *directory,
                        slash ? slash + 1 : path)
      >= sizeof address->sun_path)
    return tss_error_set (error, TSS_ERROR_IO, ENAMETOOLONG, path, "open %s", path);
  return 0;
}

int
box_start_socket_listen (const char *path, struct tss_error *error)
{
  tss_autofd int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  tss_autofd int directory = -1;
  struct sockaddr_un address = { 0 };

  if (make_address (path, &address, &directory, error) < 0)
    return -1;
  if (fd < 0 || bind (fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen (fd, 1) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "make the socket %s", path);
  return tss_steal_fd (&fd);
}

int
box_socket_connect (const char *path, int type, int timeout_s)
{
  const struct timeval timeout = { .tv_sec = timeout_s };
  tss_autofd int fd = socket (AF_UNIX, type | SOCK_CLOEXEC, 0);
  tss_autofd int directory = -1;
  struct sockaddr_un address = { 0 };

  /* The limit of sending is also that of connecting to a listener with a full queue. */
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0
      || make_address (path, &address, &directory, NULL) < 0
      || TSS_RETRY (connect (fd, (const struct sockaddr *)&address, sizeof address)) < 0)
    return -1;
  return tss_steal_fd (&fd);
}

int
box_start_socket_connect (const char *path, struct tss_error *error)
{
  int fd = box_socket_connect (path, SOCK_SEQPACKET, 0);

  return fd < 0 ? tss_error_set (error, TSS_ERROR_STATE, errno, path, "reach the created container") : fd;
}
