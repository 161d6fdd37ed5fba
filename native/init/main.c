/* tsstack-init: PID 1 of a container with `init: true`. Starts the program, hands signals on to it, reaps whatever
 * becomes an orphan, and ends with the program's own exit code (128+n after signal n). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/* Signals that report a fault of this very process: blocking them would hide it. */
static const int own_signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };

static void
block_signals (sigset_t *blocked, sigset_t *before)
{
  sigfillset (blocked);
  for (size_t i = 0; i < sizeof own_signals / sizeof own_signals[0]; i++)
    sigdelset (blocked, own_signals[i]);
  sigprocmask (SIG_SETMASK, blocked, before);
  /* A background process group that writes to the terminal must not stop its PID 1. */
  signal (SIGTTIN, SIG_IGN);
  signal (SIGTTOU, SIG_IGN);
}

/* In the child: a process group of its own in the foreground of the terminal, if there is one, and the signals as they
 * were. */
static void __attribute__ ((noreturn)) become_program (char **argv, const sigset_t *mask)
{
  if (setpgid (0, 0) == 0 && isatty (STDIN_FILENO))
    tcsetpgrp (STDIN_FILENO, getpgrp ());
  signal (SIGTTIN, SIG_DFL);
  signal (SIGTTOU, SIG_DFL);
  sigprocmask (SIG_SETMASK, mask, NULL);
  execvp (argv[0], argv);
  int status = errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
  fprintf (stderr, "tsstack-init: execute %s: %s\n", argv[0], strerror (errno));
  _exit (status);
}

/* Collects everything that has ended; true when the program is among it. */
static int
reap (pid_t program, int *exit_code)
{
  int status, ended = 0;
  pid_t pid;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == program)
      {
        *exit_code = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
        ended = 1;
      }
  return ended;
}

int
main (int argc, char **argv)
{
  sigset_t blocked, before;
  int exit_code = 0;
  if (argc > 1 && strcmp (argv[1], "--") == 0)
    argv++, argc--;
  if (argc < 2)
    {
      fprintf (stderr, "usage: tsstack-init [--] PROGRAM [ARGUMENT...]\n");
      return EXIT_NOT_FOUND;
    }
  block_signals (&blocked, &before);
  pid_t program = fork ();
  if (program < 0)
    {
      perror ("tsstack-init: fork");
      return EXIT_NOT_EXECUTABLE;
    }
  if (program == 0)
    become_program (argv + 1, &before);
  while (!reap (program, &exit_code))
    {
      int number = sigwaitinfo (&blocked, NULL);
      if (number > 0 && number != SIGCHLD)
        kill (program, number);
    }
  return exit_code;
}
