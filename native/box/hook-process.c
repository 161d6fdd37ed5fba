/* The process of one hook. */
#include "hook-process.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"
#include "namespaces.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum
{
  SHOWN_OUTPUT = 240, /* of a hook that failed, in bytes */
  CANNOT_EXECUTE = 127,
};

/* The state in a file rather than a pipe: a hook that does not read it then cannot hold us up. */
static int
open_state (const json_t *state)
{
  tss_autofd int fd = memfd_create ("container-state", MFD_CLOEXEC);
  tss_autofree char *text = tss_json_format (state);

  if (fd < 0 || !text || tss_write_all (fd, text, strlen (text)) < 0 || lseek (fd, 0, SEEK_SET) < 0)
    return -1;
  return tss_steal_fd (&fd);
}

/* Runs in the hook's process. What goes wrong here is said as the hook's own output. */
static _Noreturn void
become_hook (const struct box_hook *hook, const struct box_hook_call *call, int input, int output)
{
  const char *alone[] = { hook->path, NULL };
  const char *none[] = { NULL };
  const char **arguments = hook->arguments && hook->arguments[0] ? hook->arguments : alone;
  struct tss_error error = { 0 };

  /* A group of its own, so that all of it can be killed; and either file may be one of 0 to 2. */
  setsid ();
  input = fcntl (input, F_DUPFD, 3);
  output = fcntl (output, F_DUPFD, 3);
  if (input < 0 || output < 0 || dup2 (input, 0) < 0 || dup2 (output, 1) < 0 || dup2 (output, 2) < 0)
    _exit (CANNOT_EXECUTE);
  /* Nothing that the caller has open is the hook's business. */
  close_range (3, ~0U, 0);
  if (call->enter && call->enter (call->context, &error) < 0)
    dprintf (2, "%s", error.message);
  else
    {
      execve (hook->path, (char *const *)(uintptr_t)arguments,
              (char *const *)(uintptr_t)(hook->environment ? hook->environment : none));
      dprintf (2, "execute it: %s", strerror (errno));
    }
  _exit (CANNOT_EXECUTE);
}

/* The last line or so of what the hook wrote, in one line. */
static void
read_output (int output, char *text, size_t size)
{
  off_t end = lseek (output, 0, SEEK_END);
  off_t start = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
  ssize_t length = pread (output, text, size - 1, start);

  text[length < 0 ? 0 : length] = '\0';
  for (char *byte = text; *byte; byte++)
    if (iscntrl ((unsigned char)*byte))
      *byte = ' ';
  for (size_t last = strlen (text); last > 0 && text[last - 1] == ' '; last--)
    text[last - 1] = '\0';
}

static int
report (const struct box_hook *hook, int status, bool late, int output, struct tss_error *error)
{
  char text[SHOWN_OUTPUT];
  const char *separator;

  if (late)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, hook->where, "%s: %s did not end within %d s and was killed",
                          hook->where, hook->path, hook->timeout);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return 0;
  read_output (output, text, sizeof text);
  separator = *text ? ": " : "";
  if (WIFSIGNALED (status))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, hook->where, "%s: %s was killed by signal %d%s%s", hook->where,
                          hook->path, WTERMSIG (status), separator, text);
  return tss_error_set (error, TSS_ERROR_INVALID, 0, hook->where, "%s: %s ended with status %d%s%s", hook->where,
                        hook->path, WEXITSTATUS (status), separator, text);
}

static int
await_hook (const struct box_hook *hook, pid_t pid, int pidfd, int output, struct tss_error *error)
{
  struct pollfd ended = { .fd = pidfd, .events = POLLIN };
  bool late = TSS_RETRY (poll (&ended, 1, hook->timeout < 0 ? -1 : hook->timeout * 1000)) == 0;
  int status = 0;

  if (late)
    {
      kill (-pid, SIGKILL);
      kill (pid, SIGKILL);
    }
  if (TSS_RETRY (waitpid (pid, &status, 0)) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, hook->where, "%s: wait for %s", hook->where, hook->path);
  return report (hook, status, late, output, error);
}

int
box_hook_process_run (const struct box_hook *hook, const struct box_hook_call *call, struct tss_error *error)
{
  const struct box_clone like_fork = { .cgroup = -1, .pid_target = -1 };
  tss_autofd int input = open_state (call->state);
  tss_autofd int output = memfd_create ("hook-output", MFD_CLOEXEC);
  tss_autofd int pidfd = -1;
  pid_t pid;

  if (input < 0 || output < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, hook->where, "%s: prepare %s", hook->where, hook->path);
  pid = box_clone (&like_fork, &pidfd, error);
  if (pid == 0)
    become_hook (hook, call, input, output);
  return pid < 0 ? -1 : await_hook (hook, pid, pidfd, output, error);
}
