/* Handing a container from one process to another. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"
#include "container.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* Field 22 of /proc/PID/stat, in clock ticks since boot: tells a process from a later one with the same pid. 0 when
 * there is no such process, -1 when that cannot be told. */
static int64_t
read_start_time (pid_t pid)
{
  char path[64], text[1024];
  const char *field;

  snprintf (path, sizeof path, "/proc/%d/stat", pid);
  if (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) < 0)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  /* The second field is the program's name in brackets and can hold anything. */
  field = strrchr (text, ')');
  for (int number = 2; field && number < 22; number++)
    field = strchr (field + 1, ' ');
  return field ? strtoll (field + 1, NULL, 10) : 0;
}

/* NULL without memory: a list that lacks a directory would leave it behind. */
static json_t *
save_cgroup (const struct box_cgroup *cgroup)
{
  json_t *directories = json_array ();

  for (size_t i = 0; i < cgroup->count; i++)
    {
      const struct box_cgroup_directory *directory = &cgroup->directories[i];

      if (json_array_append_new (directories, json_pack ("{s:s, s:s, s:s, s:I}", "controllers", directory->controllers,
                                                         "name", directory->name, "path", directory->path, "baseLength",
                                                         (json_int_t)directory->base_length))
          < 0)
        {
          json_decref (directories);
          return NULL;
        }
    }
  return json_pack ("{s:b, s:o}", "unified", cgroup->unified, "directories", directories);
}

json_t *
box_save (const struct box_container *container, struct tss_error *error)
{
  int64_t start_time = read_start_time (container->pid);
  json_t *saved;

  if (start_time < 0)
    {
      tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "look at process %d of the container", container->pid);
      return NULL;
    }
  saved
      = json_pack ("{s:s, s:s, s:i, s:I, s:o}", "id", container->id, "bundle", container->bundle, "pid", container->pid,
                   "pidStartTime", (json_int_t)start_time, "cgroup", save_cgroup (&container->cgroup));
  if (!saved)
    tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "describe the container");
  return saved;
}

static int
load_directory (const json_t *object, struct box_cgroup_directory *directory, struct tss_error *error)
{
  const char *controllers = NULL, *name = NULL, *path = NULL;
  uint64_t base_length = 0;

  if (tss_json_need_string (object, "controllers", "cgroup", &controllers, error) < 0
      || tss_json_need_string (object, "name", "cgroup", &name, error) < 0
      || tss_json_need_string (object, "path", "cgroup", &path, error) < 0
      || tss_json_get_uint (object, "baseLength", "cgroup", strlen (path), &base_length, error) < 0)
    return -1;
  directory->controllers = strdup (controllers);
  directory->name = strdup (name);
  directory->path = strdup (path);
  directory->base_length = base_length;
  if (!directory->controllers || !directory->name || !directory->path)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "cgroup", "load the container");
  return 0;
}

static int
load_cgroup (const json_t *saved, struct box_cgroup *cgroup, struct tss_error *error)
{
  const json_t *object = NULL, *directories = NULL;

  if (tss_json_get_object (saved, "cgroup", "", &object, error) < 0
      || tss_json_get_bool (object, "unified", "cgroup", &cgroup->unified, error) < 0
      || tss_json_get_array (object, "directories", "cgroup", &directories, error) < 0)
    return -1;
  cgroup->directories = calloc (json_array_size (directories) + 1, sizeof *cgroup->directories);
  if (!cgroup->directories)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "cgroup", "load the container");
  for (size_t i = 0; i < json_array_size (directories); i++)
    if (load_directory (json_array_get (directories, i), &cgroup->directories[cgroup->count++], error) < 0)
      return -1;
  return 0;
}

/* The descriptor first, then the check: a pid that is used again later does not change what it means. */
static int
load_process (const json_t *saved, struct box_container *container, struct tss_error *error)
{
  int64_t pid = -1, start_time = 0, found;

  if (tss_json_get_int64 (saved, "pid", "", &pid, error) < 0
      || tss_json_get_int64 (saved, "pidStartTime", "", &start_time, error) < 0)
    return -1;
  container->pid = (pid_t)pid;
  if (pid <= 0)
    return 0;
  container->pidfd = (int)syscall (SYS_pidfd_open, container->pid, 0);
  found = container->pidfd < 0 ? 0 : read_start_time (container->pid);
  /* A container that lives must not be taken for one that has ended. */
  if (found < 0 || (container->pidfd < 0 && errno != ESRCH))
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "pid", "look at process %d of the container",
                          container->pid);
  if (found != start_time)
    tss_close (&container->pidfd);
  return 0;
}

int
box_load (const json_t *saved, const json_t *spec, const struct box_warner *warner, struct box_container **container,
          struct tss_error *error)
{
  const char *id = NULL, *bundle = NULL;
  struct box_container *loaded;

  if (tss_json_need_string (saved, "id", "", &id, error) < 0
      || tss_json_need_string (saved, "bundle", "", &bundle, error) < 0
      || !(loaded = box_container_new (id, bundle, spec, error)))
    return -1;
  if (warner)
    loaded->warner = *warner;
  if (load_cgroup (saved, &loaded->cgroup, error) < 0 || load_process (saved, loaded, error) < 0)
    {
      box_container_free (loaded);
      return -1;
    }
  *container = loaded;
  return 0;
}

bool
box_is_alive (const struct box_container *container)
{
  struct pollfd ended = { .fd = container->pidfd, .events = POLLIN };

  return container->pidfd >= 0 && TSS_RETRY (poll (&ended, 1, 0)) == 0;
}

bool
box_is_frozen (const struct box_container *container)
{
  return box_cgroup_is_frozen (&container->cgroup);
}

/* Whether PID is the first process of a pid namespace below ours: the kernel ends all others in there with it. */
static bool
is_first_of_namespace (pid_t pid)
{
  static const char label[] = "\nNSpid:\t";
  char path[64];
  tss_autofree char *status = NULL;
  const char *line, *end, *last;

  snprintf (path, sizeof path, "/proc/%d/status", pid);
  status = tss_read_file_at (AT_FDCWD, path, NULL);
  if (!status || !(line = strstr (status, label)))
    return false;
  line += strlen (label);
  end = strchrnul (line, '\n');
  last = memrchr (line, '\t', (size_t)(end - line));
  return last && end - last == 2 && last[1] == '1';
}

int
box_signal (struct box_container *container, int number, struct tss_error *error)
{
  bool ends_all = number == SIGKILL && is_first_of_namespace (container->pid);

  if (!box_is_alive (container))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "signal the container: it is not running");
  if (syscall (SYS_pidfd_send_signal, container->pidfd, number, NULL, 0) < 0)
    return tss_error_set (error, errno == ESRCH ? TSS_ERROR_STATE : TSS_ERROR_INVALID, errno, "",
                          "signal the container");
  /* The others would have their signal when the first has ended, which may take its time. */
  if (ends_all)
    box_cgroup_kill (&container->cgroup, NULL);
  return number == SIGKILL ? box_cgroup_let_die (&container->cgroup, error) : 0;
}

void
box_forget (struct box_container *container)
{
  box_container_free (container);
}
