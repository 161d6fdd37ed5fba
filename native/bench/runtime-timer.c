/* Times an OCI runtime, called as an engine's shim calls it: a process for each step, the container's process reaped by
 * the caller.
 *
 *   runtime-timer cycle COUNT RUNTIME ROOT BUNDLE   create, start, wait for the end, delete
 *   runtime-timer exec COUNT RUNTIME ROOT ID        exec of /bin/true in the running container ID
 *
 * Prints microseconds, a line for each time. */
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum
{
  WORDS_MAX = 16,
};

struct runtime
{
  const char *program, *root;
};

static _Noreturn void
give_up (const char *what)
{
  fprintf (stderr, "runtime-timer: %s: %s\n", what, strerror (errno));
  exit (1);
}

static uint64_t
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Runs one step to its end; WORDS end with NULL. */
static void
step (const struct runtime *runtime, const char *const *words)
{
  const char *argv[WORDS_MAX] = { runtime->program, "--root", runtime->root };
  int status;
  pid_t pid;

  for (size_t i = 0; words[i] && i + 4 < WORDS_MAX; i++)
    argv[i + 3] = words[i];
  pid = vfork ();
  if (pid == 0)
    {
      execvp (argv[0], (char *const *)(uintptr_t)argv);
      _exit (127);
    }
  if (pid < 0 || TSS_RETRY (waitpid (pid, &status, 0)) < 0)
    give_up (runtime->program);
  if (status != 0)
    {
      fprintf (stderr, "runtime-timer: %s %s ended with status %d\n", runtime->program, words[0], WEXITSTATUS (status));
      exit (1);
    }
}

static pid_t
read_pid (const char *path)
{
  tss_autofile FILE *file = fopen (path, "re");
  int pid = 0;

  if (!file || fscanf (file, "%d", &pid) != 1)
    give_up (path);
  return pid;
}

static void
cycle (const struct runtime *runtime, const char *bundle, int number)
{
  char id[64], pid_file[PATH_MAX];

  snprintf (id, sizeof id, "bench-%d-%d", getpid (), number);
  snprintf (pid_file, sizeof pid_file, "%s/%s.pid", bundle, id);
  step (runtime, (const char *[]){ "create", "--bundle", bundle, "--pid-file", pid_file, id, NULL });
  step (runtime, (const char *[]){ "start", id, NULL });
  if (TSS_RETRY (waitpid (read_pid (pid_file), NULL, 0)) < 0)
    give_up ("wait for the container");
  step (runtime, (const char *[]){ "delete", id, NULL });
  unlink (pid_file);
}

/* Containers get no input and print to nowhere. */
static void
leave_standard_streams (int *output)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  *output = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (null < 0 || *output < 0 || dup2 (null, STDIN_FILENO) < 0 || dup2 (null, STDOUT_FILENO) < 0)
    give_up ("/dev/null");
}

int
main (int argc, char **argv)
{
  struct runtime runtime;
  int output;

  if (argc != 6 || prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    {
      fprintf (stderr, "usage: runtime-timer cycle|exec COUNT RUNTIME ROOT BUNDLE|ID\n");
      return 2;
    }
  runtime = (struct runtime){ .program = argv[3], .root = argv[4] };
  leave_standard_streams (&output);
  for (int i = 0; i < atoi (argv[2]); i++)
    {
      uint64_t began = now_us ();

      if (strcmp (argv[1], "cycle") == 0)
        cycle (&runtime, argv[5], i);
      else
        step (&runtime, (const char *[]){ "exec", argv[5], "/bin/true", NULL });
      dprintf (output, "%llu\n", (unsigned long long)(now_us () - began));
    }
  return 0;
}
