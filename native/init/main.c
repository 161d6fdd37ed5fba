/* tsstack-init: PID 1 of a container with `init: true`. Starts the program, hands signals on to it, reaps whatever
 * becomes an orphan, and ends with the program's own exit code (128+n after signal n). */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  /* As shells and engines count. */
  EXIT_NOT_EXECUTABLE = 126,
  EXIT_NOT_FOUND = 127,
};

/* Blocks every signal, so that each can be waited for and handed on. A real fault of this process ends it all the same:
 * the kernel forces those signals. Nor does a terminal stop who has SIGTTIN and SIGTTOU blocked. */
static void
block_signals (sigset_t *blocked, sigset_t *before)
{
  sigfillset (blocked);
  sigprocmask (SIG_SETMASK, blocked, before);
}

/* In the child: a process group of its own in the foreground of the terminal, if there is one, and the signals as they
 * were. */
static _Noreturn void
become_program (char **argv, const sigset_t *mask)
{
  int error_number;

  if (setpgid (0, 0) == 0 && isatty (STDIN_FILENO))
    tcsetpgrp (STDIN_FILENO, getpgrp ());
  sigprocmask (SIG_SETMASK, mask, NULL);
  execvp (argv[0], argv);
  error_number = errno;
  fprintf (stderr, "tsstack-init: execute %s: %s\n", argv[0], strerror (error_number));
  _exit (error_number == ENOENT || error_number == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* Collects everything that has ended; true when the program is among it. */
static bool
reap (pid_t program, int *exit_code)
{
  bool has_ended = false;
  int status;
  pid_t pid;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == program)
      {
        *exit_code = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
        has_ended = true;
      }
  return has_ended;
}

/* Waits for the program's end. */
static int
supervise (pid_t program, const sigset_t *signals)
{
  int exit_code = 0;

  while (!reap (program, &exit_code))
    {
      int number = sigwaitinfo (signals, NULL);

      if (number > 0 && number != SIGCHLD)
        kill (program, number);
    }
  return exit_code;
}

int
main (int argc, char **argv)
{
  sigset_t blocked, before;
  pid_t program;

  if (argc > 1 && strcmp (argv[1], "--") == 0)
    argv++, argc--;
  if (argc < 2)
    {
      fprintf (stderr, "usage: tsstack-init [--] PROGRAM [ARGUMENT...]\n");
      return EXIT_NOT_FOUND;
    }
  block_signals (&blocked, &before);
  /* Orphans come to PID 1 anyway, but a container may share the pid namespace of others. */
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  program = fork ();
  if (program < 0)
    {
      perror ("tsstack-init: fork");
      return EXIT_NOT_EXECUTABLE;
    }
  if (program == 0)
    become_program (argv + 1, &before);
  return supervise (program, &blocked);
}
