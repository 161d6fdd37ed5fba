/* A listening unix socket at a path of any length. */
#include "socket.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum
{
  /* Who connects while this many wait gets EAGAIN; the shim may be busy making its container. */
  BACKLOG = 1024
};

/* An address holds 107 characters; going through the directory's descriptor makes every path short. */
static int
make_address (int directory, const char *path, struct sockaddr_un *address, struct tss_error *error)
{
  const char *name = strrchr (path, '/') + 1;
  int length = snprintf (address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory, name);

  address->sun_family = AF_UNIX;
  if (length < 0 || (size_t)length >= sizeof address->sun_path)
    return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, path, "listen at %s", path);
  return 0;
}

static int
open_directory (const char *path, struct tss_error *error)
{
  char directory[PATH_MAX];
  const char *end = strrchr (path, '/');
  int fd;

  if (path[0] != '/' || end - path >= PATH_MAX)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "socket", "socket: expected an absolute path");
  snprintf (directory, sizeof directory, "%.*s", end == path ? 1 : (int)(end - path), path);
  fd = open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? tss_error_set (error, TSS_ERROR_IO, errno, directory, "open %s", directory) : fd;
}

/* Whether somebody listens there; -1 with errno when that cannot be told: a living shim must not lose its socket. */
static int
find_listener (const struct sockaddr_un *address)
{
  tss_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return -1;
  if (TSS_RETRY (connect (fd, (const struct sockaddr *)address, sizeof *address)) == 0 || errno == EAGAIN)
    return 1;
  return errno == ECONNREFUSED || errno == ENOENT ? 0 : -1;
}

static int
bind_here (int fd, const struct sockaddr_un *address)
{
  mode_t before = umask (0177);
  int result = bind (fd, (const struct sockaddr *)address, sizeof *address);

  umask (before);
  return result;
}

/* EEXIST when somebody listens there. */
static int
bind_or_replace (int fd, const char *path, const struct sockaddr_un *address)
{
  int found;

  if (bind_here (fd, address) == 0)
    return 0;
  if (errno != EADDRINUSE)
    return -1;
  found = find_listener (address);
  if (found > 0)
    errno = EEXIST;
  if (found != 0 || (unlink (path) < 0 && errno != ENOENT))
    return -1;
  return bind_here (fd, address);
}

int
socket_listen (const char *path, struct tss_error *error)
{
  tss_autofd int directory = open_directory (path, error);
  tss_autofd int fd = -1;
  struct sockaddr_un address = { 0 };

  if (directory < 0 || make_address (directory, path, &address, error) < 0)
    return -1;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "make the socket %s", path);
  if (bind_or_replace (fd, path, &address) < 0)
    return errno == EEXIST ? tss_error_set (error, TSS_ERROR_EXISTS, 0, path, "a shim listens at %s already", path)
                           : tss_error_set (error, TSS_ERROR_IO, errno, path, "listen at %s", path);
  if (listen (fd, BACKLOG) < 0)
    {
      tss_error_set (error, TSS_ERROR_IO, errno, path, "listen at %s", path);
      unlink (path);
      return -1;
    }
  return tss_steal_fd (&fd);
}
