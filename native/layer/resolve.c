/* openat2: path lookups that the kernel itself keeps below a directory. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc of Debian 12 has no wrapper. EAGAIN means that a rename raced with the lookup of "..". */
static int
open_resolved (int directory, const char *path, int flags, unsigned long long resolve)
{
  struct open_how how = { .flags = (unsigned int)flags | O_CLOEXEC, .resolve = resolve };
  long result;

  do
    result = syscall (SYS_openat2, directory, path, &how, sizeof how);
  while (result < 0 && (errno == EINTR || errno == EAGAIN));
  return (int)result;
}

int
layer_open_in_root (int directory, const char *path, int flags)
{
  return open_resolved (directory, *path ? path : ".", flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int
layer_open_child (int directory, const char *name)
{
  return open_resolved (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int
layer_open_beneath (int directory, const char *path)
{
  return open_resolved (directory, *path ? path : ".", O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

int
layer_open_unlinked (int directory, const char *path)
{
  return open_resolved (directory, *path ? path : ".", O_PATH | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}
