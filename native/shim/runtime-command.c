/* One call of another OCI runtime's command line. */
#include "runtime-command.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum
{
  /* Mounting from a slow disk is the longest part; the launcher's caller waits this long, too. */
  TIMEOUT_MS = 60000,
  EXEC_FAILED = 127,
};

/* In the new process. */
static _Noreturn void
become_runtime (const struct runtime_command *command)
{
  sigset_t none;

  for (int i = 0; i < 3; i++)
    {
      int fd = command->stdio[i] >= 0 ? command->stdio[i] : open ("/dev/null", O_RDWR);

      /* Ours are never 0 to 2: those are /dev/null already. */
      if (fd < 0 || dup2 (fd, i) < 0)
        _exit (EXEC_FAILED);
    }
  close_range (3, ~0U, 0);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
  if (chdir (command->directory) == 0)
    execv (command->arguments[0], (char *const *)(uintptr_t)command->arguments);
  _exit (EXEC_FAILED);
}

/* False when it had to be killed. */
static bool
await_end (pid_t pid, int *status)
{
  tss_autofd int pidfd = (int)syscall (SYS_pidfd_open, pid, 0);
  struct pollfd ended = { .fd = pidfd, .events = POLLIN };
  bool is_late = pidfd >= 0 && TSS_RETRY (poll (&ended, 1, TIMEOUT_MS)) == 0;

  if (is_late)
    kill (pid, SIGKILL);
  TSS_RETRY (waitpid (pid, status, 0));
  return !is_late;
}

/* The message of the last line with the level error. */
static json_t *
read_last_error (const struct runtime_command *command)
{
  char path[PATH_MAX];
  tss_autofree char *text = NULL;
  char *cursor, *line;
  json_t *found = NULL;

  snprintf (path, sizeof path, "%s/%s", command->directory, command->log);
  cursor = text = tss_read_file_at (AT_FDCWD, path, NULL);
  while (cursor && (line = strsep (&cursor, "\n")))
    {
      tss_autojson json_t *record = json_loads (line, 0, NULL);
      const char *level = json_string_value (json_object_get (record, "level"));
      json_t *message = json_object_get (record, "msg");

      if (!level || strcmp (level, "error") != 0 || !json_is_string (message))
        continue;
      json_decref (found);
      found = json_incref (message);
    }
  return found;
}

struct known_failure
{
  const char *words;
  enum tss_error_code code;
};

/* The command line has no error codes: these are the words that runc, crun and our own box have for a program that
 * cannot be executed, the more special ones first. */
static enum tss_error_code
classify (const char *message)
{
  static const struct known_failure known[] = {
    { "executable file not found", TSS_ERROR_EXEC_NOT_FOUND },    { "executable file `", TSS_ERROR_EXEC_NOT_FOUND },
    { "exec format error", TSS_ERROR_EXEC_NOT_EXECUTABLE },       { "open executable", TSS_ERROR_EXEC_NOT_EXECUTABLE },
    { "exec: permission denied", TSS_ERROR_EXEC_NOT_EXECUTABLE },
  };

  for (size_t i = 0; i < TSS_LENGTH (known); i++)
    if (strcasestr (message, known[i].words))
      return known[i].code;
  /* `exec: "/x": stat /x: no such file or directory`, `exec "/x": Permission denied` */
  if (!strstr (message, "exec: \"") && !strstr (message, "exec \""))
    return TSS_ERROR_INTERNAL;
  return strcasestr (message, "no such file") ? TSS_ERROR_EXEC_NOT_FOUND : TSS_ERROR_EXEC_NOT_EXECUTABLE;
}

static int
report (const struct runtime_command *command, int status, struct tss_error *error)
{
  tss_autojson json_t *last = read_last_error (command);
  const char *program = command->arguments[0];

  if (last)
    return tss_error_set (error, classify (json_string_value (last)), 0, program, "%s: %s", program,
                          json_string_value (last));
  if (WIFEXITED (status) && WEXITSTATUS (status) == EXEC_FAILED)
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, 0, program, "run the container runtime %s", program);
  return tss_error_set (error, TSS_ERROR_INTERNAL, 0, program, "%s failed and did not say why", program);
}

int
runtime_command_run (const struct runtime_command *command, struct tss_error *error)
{
  char log[PATH_MAX];
  int status = 0;
  pid_t pid;

  if ((size_t)snprintf (log, sizeof log, "%s/%s", command->directory, command->log) < sizeof log)
    unlink (log);
  pid = fork ();
  if (pid == 0)
    become_runtime (command);
  if (pid < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, command->arguments[0], "start %s", command->arguments[0]);
  if (!await_end (pid, &status))
    return tss_error_set (error, TSS_ERROR_INTERNAL, ETIMEDOUT, command->arguments[0], "wait for %s",
                          command->arguments[0]);
  return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? 0 : report (command, status, error);
}
