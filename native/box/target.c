/* Paths inside a container's root, whose symlinks and races are the image's, not ours. */
#include "target.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum
{
  MAX_LINKS = 40,      /* as the kernel */
  OPEN_ATTEMPTS = 128, /* openat2 says EAGAIN when a rename elsewhere could have let a path out of the root */
};

int
box_target_open (int root, const char *path, int flags, uint64_t resolve)
{
  struct open_how how
      = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve };
  int fd = -1;

  for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++)
    {
      fd = (int)syscall (SYS_openat2, root, path, &how, sizeof how);
      if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
        break;
    }
  return fd;
}

/* What a symlink in the way points to, seen from the root: that of a relative one begins in the link's directory. */
static int
read_link (int parent, const char *parent_path, const char *name, char *target, size_t size)
{
  char link[PATH_MAX];
  ssize_t length = readlinkat (parent, name, link, sizeof link - 1);

  if (length < 0)
    return -1;
  link[length] = '\0';
  if ((size_t)(link[0] == '/' ? snprintf (target, size, "%s", link)
                              : snprintf (target, size, "%s/%s", parent_path, link))
      < size)
    return 0;
  errno = ENAMETOOLONG;
  return -1;
}

static int make_path (int root, const char *path, bool directory, int links);

/* Makes one component, which openat2 has not found. That may be so because it is a symlink to a path that does not
 * exist: then that path is made. */
static int
make_component (int root, int parent, const char *parent_path, const char *name, bool directory, int links)
{
  char target[PATH_MAX];
  tss_autofd int file = -1;

  if (directory && mkdirat (parent, name, 0755) == 0)
    return 0;
  if (!directory)
    {
      file = openat (parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
      if (file >= 0)
        return 0;
    }
  if (errno != EEXIST)
    return -1;
  if (links >= MAX_LINKS)
    {
      errno = ELOOP;
      return -1;
    }
  if (read_link (parent, parent_path, name, target, sizeof target) < 0)
    /* Somebody else has made it meanwhile, which is as good. */
    return errno == EINVAL ? 0 : -1;
  {
    tss_autofd int made = make_path (root, target, directory, links + 1);

    return made < 0 ? -1 : 0;
  }
}

/* Each component is opened from the root again, so that no ".." or symlink is ever walked outside of openat2. */
static int
make_path (int root, const char *path, bool directory, int links)
{
  char partial[PATH_MAX] = "/";
  tss_autofd int parent = box_target_open (root, "/", O_PATH | O_DIRECTORY, 0);
  size_t length = 0;

  if (strlen (path) >= sizeof partial)
    {
      errno = ENAMETOOLONG;
      return -1;
    }
  for (const char *part = path + strspn (path, "/"); *part && parent >= 0;)
    {
      size_t part_length = strcspn (part, "/");
      const char *next = part + part_length + strspn (part + part_length, "/");
      bool want_directory = *next || directory;
      char name[NAME_MAX + 1], parent_path[PATH_MAX];
      int child;

      if (part_length >= sizeof name || length + part_length + 2 > sizeof partial)
        {
          errno = ENAMETOOLONG;
          return -1;
        }
      snprintf (name, sizeof name, "%.*s", (int)part_length, part);
      snprintf (parent_path, sizeof parent_path, "%.*s", (int)length, partial);
      length += (size_t)snprintf (partial + length, sizeof partial - length, "/%s", name);
      child = box_target_open (root, partial, O_PATH, 0);
      if (child < 0 && errno == ENOENT && make_component (root, parent, parent_path, name, want_directory, links) == 0)
        child = box_target_open (root, partial, O_PATH, 0);
      tss_close (&parent);
      parent = child;
      part = next;
    }
  return tss_steal_fd (&parent);
}

int
box_target_make (int root, const char *path, bool directory, struct tss_error *error)
{
  int fd = box_target_open (root, path, O_PATH, 0);
  struct stat status;

  if (fd < 0 && errno == ENOENT)
    fd = make_path (root, path, directory, 0);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "make %s in the container", path);
  if (fstat (fd, &status) == 0 && S_ISDIR (status.st_mode) == directory)
    return fd;
  tss_close (&fd);
  return tss_error_set (error, TSS_ERROR_MOUNT, directory ? ENOTDIR : EISDIR, path, "open %s in the container", path);
}

int
box_target_make_parent (int root, const char *path, const char **name, struct tss_error *error)
{
  char directory[PATH_MAX];
  const char *slash = strrchr (path, '/');

  if (!slash || !slash[1] || (size_t)(slash - path) >= sizeof directory)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s is no absolute path of a file", path);
  snprintf (directory, sizeof directory, "%.*s/", (int)(slash - path), path);
  *name = slash + 1;
  return box_target_make (root, directory, true, error);
}

struct box_fd_path
box_fd_path (int fd)
{
  struct box_fd_path path;

  snprintf (path.text, sizeof path.text, "/proc/self/fd/%d", fd);
  return path;
}
