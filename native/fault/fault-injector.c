/* Runs a program and all that it starts, and makes one of their system calls fail, or interrupts many of them: the
 * tests see what becomes of it, for each call in turn.
 *
 *   fault-injector REPORT list COMMAND…           writes the calls that can fail to REPORT, one name a line
 *   fault-injector REPORT fail N COMMAND…         makes the Nth of them fail; REPORT then has its name and errno
 *   fault-injector REPORT interrupt COMMAND…      every other call that may be interrupted is; they are listed, too
 *   fault-injector REPORT hold NAME COMMAND…      holds the first call of that name back until nobody else has made one
 * for a while
 *
 * Ends with the status of COMMAND. What outlives COMMAND goes on undisturbed; with --follow as first argument it is
 * followed and waited for, too. strace, which can inject failures too,
 * counts the calls of each process by itself and so cannot choose one among those of all. */
#include "../common/cleanup.h"
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  PROCESSES_MAX = 256,
  OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC,
  SYSCALL_STOP = SIGTRAP | 0x80, /* by PTRACE_O_TRACESYSGOOD */
  SIGNAL_STATUS = 128,           /* exit status of a process that signal n has killed, less n */
  QUIET_MS = 300,                /* then the others wait for what is held */
};

enum mode
{
  MODE_LIST,
  MODE_FAIL,
  MODE_INTERRUPT,
  MODE_HOLD,
};

struct process
{
  pid_t pid;           /* 0: free */
  bool is_in_call;     /* the next stop is the end of a system call */
  int injected;        /* errno that the call at hand ends with; 0: what the kernel says */
  long long last_call; /* the call that was interrupted before */
  unsigned long long loader, loader_end;
};

struct injector
{
  enum mode mode;
  unsigned long wanted, count;
  const char *held_call;
  pid_t held; /* 0: nobody */
  FILE *report;
  pid_t main;
  bool has_executed; /* what comes before is our own */
  bool follows_all;
  struct process processes[PROCESSES_MAX];
};

static _Noreturn void
give_up (const char *what)
{
  fprintf (stderr, "fault-injector: %s: %s\n", what, strerror (errno));
  exit (2);
}

static struct process *
find_process (struct injector *injector, pid_t pid)
{
  struct process *unused = NULL;

  for (size_t i = 0; i < PROCESSES_MAX; i++)
    if (injector->processes[i].pid == pid)
      return &injector->processes[i];
    else if (injector->processes[i].pid == 0 && !unused)
      unused = &injector->processes[i];
  if (!unused)
    {
      errno = ENOSPC;
      give_up ("remember a process");
    }
  *unused = (struct process){ .pid = pid, .last_call = -1 };
  return unused;
}

/* What comes from the dynamic loader is none of the program's own: it does not retry an interrupted read. */
static void
find_loader (struct process *process)
{
  char path[32], line[512];
  FILE *maps;

  process->loader = process->loader_end = 0;
  snprintf (path, sizeof path, "/proc/%d/maps", process->pid);
  if (!(maps = fopen (path, "re")))
    return; /* killed meanwhile */
  while (fgets (line, sizeof line, maps))
    {
      unsigned long long start, end;

      if (!strstr (line, "/ld-linux") || sscanf (line, "%llx-%llx", &start, &end) != 2)
        continue;
      if (process->loader == 0)
        process->loader = start;
      process->loader_end = end;
    }
  fclose (maps);
}

/* The errno that this call is to end with, or 0. */
static int
choose_fault (struct injector *injector, struct process *process, const struct user_regs_struct *registers)
{
  long long call = (long long)registers->orig_rax;
  const struct fault *fault = injector->mode == MODE_INTERRUPT ? faults_of_interruption (call) : faults_of_call (call);

  if (!fault || (registers->rip >= process->loader && registers->rip < process->loader_end))
    return 0;
  if (injector->mode == MODE_HOLD)
    return 0;
  if (injector->mode == MODE_INTERRUPT)
    {
      bool is_again = process->last_call == call;

      process->last_call = is_again ? -1 : call;
      if (!is_again)
        fprintf (injector->report, "%s EINTR in %d\n", fault->name, process->pid);
      return is_again ? 0 : EINTR;
    }
  injector->count++;
  if (injector->mode == MODE_LIST)
    fprintf (injector->report, "%s\n", fault->name);
  if (injector->mode == MODE_LIST || injector->count != injector->wanted)
    return 0;
  fprintf (injector->report, "%s %s in %d\n", fault->name, strerrorname_np (fault->error_number), process->pid);
  return fault->error_number;
}

/* Whether the process that is about to make this call has to wait. */
static bool
is_to_be_held (struct injector *injector, const struct process *process, const struct user_regs_struct *registers)
{
  const struct fault *fault = faults_of_call ((long long)registers->orig_rax);

  if (injector->mode != MODE_HOLD || injector->count > 0 || !fault || strcmp (fault->name, injector->held_call) != 0)
    return false;
  injector->count++;
  fprintf (injector->report, "%s held in %d\n", fault->name, process->pid);
  return true;
}

/* A call that fails is not made: in its place comes one that does nothing, and that seccomp filters let pass. */
static void
on_system_call (struct injector *injector, struct process *process)
{
  struct user_regs_struct registers;

  if (ptrace (PTRACE_GETREGS, process->pid, NULL, &registers) < 0)
    return; /* killed meanwhile */
  process->is_in_call = !process->is_in_call;
  if (process->is_in_call)
    {
      process->injected = injector->has_executed ? choose_fault (injector, process, &registers) : 0;
      if (injector->has_executed && is_to_be_held (injector, process, &registers))
        injector->held = process->pid;
      if (process->injected == 0)
        return;
      registers.orig_rax = SYS_getpid;
    }
  else
    {
      if (process->injected == 0)
        return;
      registers.rax = (unsigned long long)-process->injected;
    }
  ptrace (PTRACE_SETREGS, process->pid, NULL, &registers);
}

/* Lets a stopped process go on; a signal that it stopped for is delivered. */
static void
on_stop (struct injector *injector, pid_t pid, int status)
{
  struct process *process = find_process (injector, pid);
  int signal = WSTOPSIG (status), event = status >> 16;

  if (signal == SYSCALL_STOP)
    {
      on_system_call (injector, process);
      signal = 0;
    }
  else if (event == PTRACE_EVENT_EXEC)
    {
      injector->has_executed = true;
      find_loader (process);
    }
  if (event != 0 || signal == SIGSTOP)
    signal = 0; /* SIGSTOP is how a new process reports */
  if (pid != injector->held)
    ptrace (PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal);
}

static void
on_quiet (int signal)
{
  (void)signal; /* it interrupts the wait */
}

/* Waits for news of a process. What is held goes on when there has been none for a while. */
static pid_t
wait_for_news (struct injector *injector, int *status)
{
  struct itimerval quiet = { .it_value = { .tv_usec = QUIET_MS * 1000 } };
  pid_t pid;

  if (injector->held == 0)
    return TSS_RETRY (waitpid (-1, status, __WALL));
  setitimer (ITIMER_REAL, &quiet, NULL);
  pid = waitpid (-1, status, __WALL);
  if (pid >= 0 || errno != EINTR)
    return pid;
  pid = injector->held;
  injector->held = 0;
  ptrace (PTRACE_SYSCALL, pid, NULL, NULL);
  return TSS_RETRY (waitpid (-1, status, __WALL));
}

static int
follow (struct injector *injector)
{
  int result = 0;

  for (;;)
    {
      int status;
      pid_t pid = wait_for_news (injector, &status);

      if (pid < 0)
        return result; /* all have ended */
      if (WIFSTOPPED (status))
        {
          on_stop (injector, pid, status);
          continue;
        }
      find_process (injector, pid)->pid = 0;
      if (pid != injector->main)
        continue;
      result = WIFSIGNALED (status) ? SIGNAL_STATUS + WTERMSIG (status) : WEXITSTATUS (status);
      if (!injector->follows_all)
        return result;
    }
}

static pid_t
start (char **command)
{
  pid_t pid = fork ();

  if (pid < 0)
    give_up ("fork");
  if (pid > 0)
    return pid;
  if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise (SIGSTOP) != 0)
    give_up ("be traced");
  execvp (command[0], command);
  give_up (command[0]);
}

static enum mode
read_mode (const char *name)
{
  static const char *const names[] = { "list", "fail", "interrupt", "hold" };

  for (size_t i = 0; i < TSS_LENGTH (names); i++)
    if (strcmp (name, names[i]) == 0)
      return (enum mode)i;
  errno = EINVAL;
  give_up (name);
}

int
main (int argc, char **argv)
{
  static struct injector injector;
  char **command;
  int status, options;

  injector.follows_all = argc > 1 && strcmp (argv[1], "--follow") == 0;
  argv += injector.follows_all;
  argc -= injector.follows_all;
  command = argv + 3;
  if (argc < 4)
    {
      errno = EINVAL;
      give_up ("usage: fault-injector [--follow] REPORT MODE [N] COMMAND…");
    }
  injector.report = fopen (argv[1], "we");
  injector.mode = read_mode (argv[2]);
  if (injector.mode == MODE_FAIL)
    injector.wanted = strtoul (*command++, NULL, 10);
  if (injector.mode == MODE_HOLD)
    injector.held_call = *command++;
  sigaction (SIGALRM, &(struct sigaction){ .sa_handler = on_quiet }, NULL);
  if (!injector.report)
    give_up (argv[1]);
  setvbuf (injector.report, NULL, _IOLBF, 0); /* for whoever has to kill us */
  injector.main = start (command);
  /* Who follows all of them leaves none behind, however it ends. */
  options = OPTIONS | (injector.follows_all ? PTRACE_O_EXITKILL : 0);
  if (waitpid (injector.main, &status, 0) < 0 || ptrace (PTRACE_SETOPTIONS, injector.main, NULL, options) < 0
      || ptrace (PTRACE_SYSCALL, injector.main, NULL, NULL) < 0)
    give_up ("trace the command");
  status = follow (&injector);
  fclose (injector.report);
  return status; /* the kernel detaches what is left */
}
