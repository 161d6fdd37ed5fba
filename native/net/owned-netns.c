#include "owned-netns.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "fields.h"
#include "netns.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int
netns_users_parse (const json_t *request, struct netns_users *users, bool *given, struct tss_error *error)
{
  const json_t *object;
  json_int_t first, count;
  if (field_object (request, "users", &object, error) < 0)
    return -1;
  *given = json_is_object (object);
  if (!*given)
    return 0;
  if (field_integer (object, "first", 1, UINT32_MAX - 1, &first, error) < 0
      || field_integer (object, "count", 1, UINT32_MAX - first, &count, error) < 0)
    return -1;
  *users = (struct netns_users){ (uint32_t)first, (uint32_t)count };
  return 0;
}

struct netns_users_path
netns_users_path (const char *path)
{
  struct netns_users_path users;
  snprintf (users.text, sizeof users.text, "%s.user", path);
  return users;
}

/* A process in namespaces of its own, which does nothing but wait for its end. */
static pid_t
start_dweller (struct tss_error *error)
{
  struct clone_args arguments = { .flags = CLONE_NEWUSER | CLONE_NEWNET, .exit_signal = SIGCHLD };
  pid_t parent = getpid (), pid = (pid_t)syscall (SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "users", "create user and network namespace");
  if (pid > 0)
    return pid;
  /* Not to outlive a parent that is killed meanwhile. */
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != parent)
    _exit (1);
  for (;;)
    pause ();
}

static int
write_maps (pid_t pid, const struct netns_users *users, struct tss_error *error)
{
  static const char *const files[] = { "uid_map", "gid_map" };
  for (size_t i = 0; i < TSS_LENGTH (files); i++)
    {
      char path[64], line[64];
      snprintf (path, sizeof path, "/proc/%d/%s", pid, files[i]);
      snprintf (line, sizeof line, "0 %u %u\n", users->first, users->count);
      if (tss_write_text_at (AT_FDCWD, path, line) < 0)
        return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "users", "map the ids of a user namespace");
    }
  return 0;
}

static int
keep (pid_t pid, const char *link, const char *path, struct tss_error *error)
{
  char source[64];
  snprintf (source, sizeof source, "/proc/%d/ns/%s", pid, link);
  tss_autofd int file = open (path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
  if (file < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "create file of %s namespace", link);
  if (mount (source, path, NULL, MS_BIND, NULL) == 0)
    return 0;
  tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "mount %s namespace", link);
  unlink (path);
  return -1;
}

int
netns_create_owned (const char *path, const struct netns_users *users, struct tss_error *error)
{
  struct netns_users_path users_path = netns_users_path (path);
  if (netns_prepare_folder (path, error) < 0)
    return -1;
  /* One that was left half made. */
  if (netns_remove (users_path.text, error) < 0)
    return -1;
  pid_t dweller = start_dweller (error);
  if (dweller < 0)
    return -1;
  int result = write_maps (dweller, users, error);
  if (result == 0)
    result = keep (dweller, "user", users_path.text, error);
  if (result == 0 && keep (dweller, "net", path, error) < 0)
    {
      netns_remove (users_path.text, NULL);
      result = -1;
    }
  kill (dweller, SIGKILL);
  TSS_RETRY (waitpid (dweller, NULL, 0));
  return result;
}
