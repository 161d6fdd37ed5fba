/* Starting a program that outlives us. */
#include "detach.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "ready.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum
{
  READY_FD = 3
};

static _Noreturn void
fail_child (const char *path, const char *what)
{
  struct tss_error error = { 0 };
  int fd = READY_FD;

  tss_error_set (&error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "%s %s", what, path);
  ready_report (&fd, "error", tss_error_to_json (&error));
  _exit (127);
}

/* In the new process: moves READY to its place and everything else out of the way. */
static void
arrange_descriptors (int ready, const char *log_path)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int output = null;

  if (ready == READY_FD)
    fcntl (ready, F_SETFD, 0);
  else
    dup2 (ready, READY_FD);
  if (log_path)
    output = open (log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (null < 0 || output < 0)
    fail_child (log_path ? log_path : "/dev/null", "open");
  if (dup2 (null, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0 || dup2 (output, STDERR_FILENO) < 0)
    fail_child ("/dev/null", "use");
  close_range (READY_FD + 1, ~0U, 0);
}

static void
tell_pid (void)
{
  char line[32];
  int length = snprintf (line, sizeof line, "{\"pid\":%d}\n", getpid ());

  if (tss_write_all (READY_FD, line, (size_t)length) < 0)
    _exit (127); /* nobody listens, or nothing could be said either about what follows */
}

/* In the new process. */
static _Noreturn void
become_program (const struct detach_options *options, int ready)
{
  sigset_t none;

  arrange_descriptors (ready, options->log_path);
  tell_pid ();
  setenv (READY_VARIABLE, "3", 1);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  if (chdir ("/") < 0)
    fail_child ("/", "enter");
  execv (options->program, options->arguments);
  fail_child (options->arguments[0], "execute");
}

/* In the process between us and the new one, which makes that one nobody's child by ending. */
static _Noreturn void
fork_again (const struct detach_options *options, int ready)
{
  pid_t pid;

  setsid ();
  pid = fork ();
  if (pid == 0)
    become_program (options, ready);
  _exit (pid < 0);
}

int
detach_start (const struct detach_options *options, int *ready, struct tss_error *error)
{
  tss_autofd int read_end = -1;
  tss_autofd int write_end = -1;
  int ends[2], status = 0;
  pid_t between;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "make a pipe");
  read_end = ends[0];
  write_end = ends[1];
  between = fork ();
  if (between == 0)
    fork_again (options, write_end);
  if (between < 0 || TSS_RETRY (waitpid (between, &status, 0)) < 0 || status != 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, EAGAIN, options->arguments[0], "start %s", options->arguments[0]);
  *ready = tss_steal_fd (&read_end);
  return 0;
}
