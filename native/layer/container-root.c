/* The root directory of a container, as its own processes see it.
 *
 * A descriptor of the root is enough: lookups that begin at it see what is mounted in the container's mount namespace.
 * The process does not enter that namespace and does not change its root, so that whatever the C library loads late
 * (character sets, users) is the host's (CVE-2019-14271). */
#include "container-root.h"

#include "../box/overlay.h"
#include "../common/cleanup.h"
#include "resolve.h"
#include "tree.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int
failure (enum tss_error_code code, const char *path, const char *what, struct tss_error *error)
{
  return tss_error_set (error, code, errno, path, "%s", what);
}

/* A number may belong to another process by now; the container's cgroup does not. */
static int
check_cgroup (int process, const char *cgroup, struct tss_error *error)
{
  tss_autofree char *line = NULL;
  size_t size = 0;
  int fd = openat (process, "cgroup", O_RDONLY | O_CLOEXEC);
  tss_autofile FILE *file = fd < 0 ? NULL : fdopen (fd, "r");

  if (!file)
    {
      tss_close (&fd);
      return failure (TSS_ERROR_STATE, "", "look at the container's process", error);
    }
  while (getline (&line, &size, file) > 0)
    if (strstr (line, cgroup))
      return 0;
  return tss_error_set (error, TSS_ERROR_STATE, 0, cgroup, "the container's process has ended");
}

/* No more than what files need; a user who is not root has none of them and loses none. */
static int
drop_capabilities (struct tss_error *error)
{
  const uint32_t kept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER
                        | 1U << CAP_FSETID | 1U << CAP_MKNOD | 1U << CAP_SETFCAP;
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2];

  if (syscall (SYS_capget, &header, data) < 0)
    return failure (TSS_ERROR_INTERNAL, "", "read the capabilities", error);
  data[0].effective = data[0].permitted &= kept;
  data[0].inheritable = 0;
  data[1] = (struct __user_cap_data_struct){ 0 };
  return syscall (SYS_capset, &header, data) < 0 ? failure (TSS_ERROR_INTERNAL, "", "drop the capabilities", error) : 0;
}

/* Owners are then numbers of the container's in both directions, and the process may do what its root may. */
static int
enter_user_namespace (int process, struct tss_error *error)
{
  struct stat own, other;
  tss_autofd int namespace = openat (process, "ns/user", O_RDONLY | O_CLOEXEC);

  if (namespace < 0 || fstat (namespace, &other) < 0 || stat ("/proc/self/ns/user", &own) < 0)
    return failure (TSS_ERROR_NAMESPACE, "", "find the user namespace of the container", error);
  if (own.st_ino == other.st_ino && own.st_dev == other.st_dev)
    return 0;
  if (setns (namespace, CLONE_NEWUSER) < 0 || setgroups (0, NULL) < 0 || setresgid (0, 0, 0) < 0
      || setresuid (0, 0, 0) < 0)
    return failure (TSS_ERROR_NAMESPACE, "", "become root of the container's user namespace", error);
  return 0;
}

/* The directory in /proc is that of one process for ever: lookups in it fail when that has ended. */
static int
open_running (const char *pid, const char *cgroup, struct tss_error *error)
{
  char path[sizeof "/proc/" + 3 * sizeof (long long)];
  tss_autofd int process = -1;
  tss_autofd int root = -1;

  if (strspn (pid, "0123456789") != strlen (pid) || strlen (pid) + sizeof "/proc/" > sizeof path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "pid", "--pid: %s is no process number", pid);
  snprintf (path, sizeof path, "/proc/%s", pid);
  process = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (process < 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, path, "the container's process has ended");
  root = openat (process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return failure (TSS_ERROR_STATE, path, "open the root of the container", error);
  if (check_cgroup (process, cgroup, error) < 0 || enter_user_namespace (process, error) < 0)
    return -1;
  return tss_steal_fd (&root);
}

/* Its place in the stopped container: made when it never ran. */
static int
open_target (int root, const char *path, bool is_directory, struct tss_error *error)
{
  struct layer_tree tree = { .root = root, .parent = -1 };
  const char *name;
  int target = layer_open_in_root (root, path, O_PATH);
  int parent;

  if (target >= 0 || errno != ENOENT)
    return target < 0 ? tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "open %s of the container", path) : target;
  parent = layer_tree_open_parent (&tree, path + strspn (path, "/"), &name, error);
  if (parent >= 0 && (is_directory ? mkdirat (parent, name, 0755) : mknodat (parent, name, S_IFREG | 0644, 0)) == 0)
    target = openat (parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  tree.root = -1; /* the caller's */
  layer_tree_close (&tree);
  if (target < 0 && error->code == TSS_ERROR_NONE)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "make %s of the container", path);
  return target;
}

/* AT is "ro:PATH" or "rw:PATH". */
static int
bind_one (int root, const char *source, const char *at, struct tss_error *error)
{
  struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
  struct stat status;
  tss_autofd int tree = open_tree (AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  tss_autofd int target = -1;

  /* What is made for one run alone (secrets, the files of the network) is not there between two. */
  if (tree < 0 && errno == ENOENT)
    return 0;
  if (tree < 0 || fstat (tree, &status) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, source, "copy the mount of %s", source);
  if (strncmp (at, "ro:", 3) == 0 && mount_setattr (tree, "", AT_EMPTY_PATH, &read_only, sizeof read_only) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, source, "make the mount of %s read-only", source);
  target = open_target (root, at + 3, S_ISDIR (status.st_mode), error);
  if (target < 0)
    return -1;
  if (move_mount (tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, at + 3, "mount %s of the container", at + 3);
  return 0;
}

static int
bind_all (int root, const struct layer_options *options, struct tss_error *error)
{
  for (size_t i = 0; options->binds && options->binds[i]; i++)
    {
      if (!options->targets || !options->targets[i] || strlen (options->targets[i]) < 3)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "at", "--bind %s has no --at", options->binds[i]);
      if (bind_one (root, options->binds[i], options->targets[i], error) < 0)
        return -1;
    }
  return 0;
}

/* Mounted over its own upper directory, in a mount namespace that nobody else sees. Owners on the disk are the
 * container's own numbers, also where it has a user namespace (docs/native.md, mapIds). */
static int
open_stopped (const struct layer_options *options, struct tss_error *error)
{
  const struct box_overlay overlay
      = { .lower = options->layers, .upper = options->upper, .work = options->work, .directory = options->directory };
  struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
  char words[4096]; /* mount(2) copies one page */
  tss_autofd int root = -1;

  if (!options->upper || !options->work)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "--layer needs --upper and --work");
  if (box_overlay_format (&overlay, words, sizeof words) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, E2BIG, options->upper, "mount the layers: too many or too long");
  if (options->directory && chdir (options->directory) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, options->directory, "enter directory %s", options->directory);
  if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return failure (TSS_ERROR_NAMESPACE, "", "make a mount namespace", error);
  if (mount ("overlay", options->upper, "overlay", MS_NODEV | MS_NOSUID, words) < 0)
    return failure (TSS_ERROR_MOUNT, options->upper, "mount the layers of the container", error);
  root = open (options->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return failure (TSS_ERROR_IO, options->upper, "open the root of the container", error);
  if (bind_all (root, options, error) < 0)
    return -1;
  if (options->root_access && strcmp (options->root_access, "ro") == 0
      && mount_setattr (root, "", AT_EMPTY_PATH, &read_only, sizeof read_only) < 0)
    return failure (TSS_ERROR_MOUNT, "", "make the root of the container read-only", error);
  return tss_steal_fd (&root);
}

static int
open_host (struct tss_error *error)
{
  int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

  return root < 0 ? failure (TSS_ERROR_IO, "/", "open the root directory", error) : root;
}

int
layer_open_container_root (const struct layer_options *options, struct tss_error *error)
{
  tss_autofd int root = -1;

  if (options->pid && !options->cgroup)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "--pid needs --cgroup");
  if (options->pid)
    root = open_running (options->pid, options->cgroup, error);
  else
    root = options->layers ? open_stopped (options, error) : open_host (error);
  if (root < 0 || drop_capabilities (error) < 0)
    return -1;
  return tss_steal_fd (&root);
}
