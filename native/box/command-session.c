/* Staying with a process: its terminal, the signals meant for it, and its exit status. */
#include "command-session.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "start-socket.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

enum
{
  HAND_OVER_S = 10 /* for an engine that is busy */
};

struct session
{
  pid_t pid;
  int master, signals;
  bool input_open;
  char input[8192]; /* read, and not yet taken by the terminal */
  size_t input_start, input_end;
  bool raw;
  struct termios saved;
};

int
command_send_terminal (const char *path, int terminal, struct tss_error *error)
{
  tss_autofd int fd = box_socket_connect (path, SOCK_STREAM, HAND_OVER_S);
  /* The receiver reads a name for the terminal together with it. */
  char name[] = "/dev/ptmx";
  struct iovec part = { .iov_base = name, .iov_len = sizeof name - 1 };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr message
      = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof terminal);
  memcpy (CMSG_DATA (&control.header), &terminal, sizeof terminal);
  if (fd < 0 || TSS_RETRY (sendmsg (fd, &message, MSG_NOSIGNAL)) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "hand the terminal to %s", path);
  return 0;
}

static void
copy_size (const struct session *session)
{
  struct winsize size;

  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0)
    ioctl (session->master, TIOCSWINSZ, &size);
}

static void
begin_terminal (struct session *session)
{
  struct termios raw;

  if (session->master < 0)
    return;
  session->input_open = true;
  /* A program that reads nothing more until its output is read must not hold us up in writing to it. */
  fcntl (session->master, F_SETFL, O_RDWR | O_NONBLOCK);
  copy_size (session);
  if (tcgetattr (STDIN_FILENO, &session->saved) < 0)
    return;
  raw = session->saved;
  cfmakeraw (&raw);
  session->raw = tcsetattr (STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void
end_terminal (struct session *session)
{
  if (session->raw)
    tcsetattr (STDIN_FILENO, TCSANOW, &session->saved);
  tss_close (&session->master);
}

/* Returns false at the end of the source. */
static bool
copy_some (int from, int to)
{
  char buffer[8192];
  ssize_t count = TSS_RETRY (read (from, buffer, sizeof buffer));

  return count > 0 && tss_write_all (to, buffer, (size_t)count) == 0;
}

static bool
has_input (const struct session *session)
{
  return session->input_start < session->input_end;
}

static void
read_input (struct session *session)
{
  ssize_t count = TSS_RETRY (read (STDIN_FILENO, session->input, sizeof session->input));

  session->input_open = count > 0;
  session->input_start = 0;
  session->input_end = count > 0 ? (size_t)count : 0;
}

/* What the terminal takes now; the rest when it has room again. */
static void
pass_input (struct session *session)
{
  ssize_t count = TSS_RETRY (
      write (session->master, session->input + session->input_start, session->input_end - session->input_start));

  if (count >= 0)
    session->input_start += (size_t)count;
  else if (errno != EAGAIN)
    {
      session->input_open = false;
      session->input_start = session->input_end;
    }
}

static void
forward_signal (const struct session *session)
{
  struct signalfd_siginfo info;

  if (TSS_RETRY (read (session->signals, &info, sizeof info)) != (ssize_t)sizeof info)
    return;
  if (info.ssi_signo == SIGWINCH)
    copy_size (session);
  else if (info.ssi_signo != SIGCHLD)
    kill (session->pid, (int)info.ssi_signo);
}

/* Reads what the terminal still holds after the process has ended; it reports EIO when all has been read. */
static void
drain_terminal (const struct session *session)
{
  struct pollfd waiting = { .fd = session->master, .events = POLLIN };

  while (session->master >= 0 && poll (&waiting, 1, 0) > 0 && waiting.revents & POLLIN)
    if (!copy_some (session->master, STDOUT_FILENO))
      return;
}

static void
serve_once (struct session *session)
{
  struct pollfd waiting[]
      = { { .fd = session->signals, .events = POLLIN },
          { .fd = session->master, .events = has_input (session) ? POLLIN | POLLOUT : POLLIN },
          { .fd = session->input_open && !has_input (session) ? STDIN_FILENO : -1, .events = POLLIN } };

  if (poll (waiting, TSS_LENGTH (waiting), -1) < 0)
    return;
  if (waiting[0].revents)
    forward_signal (session);
  if (waiting[1].revents & POLLOUT)
    pass_input (session);
  if (waiting[1].revents & ~POLLOUT && !copy_some (session->master, STDOUT_FILENO))
    tss_close (&session->master);
  if (waiting[2].revents)
    read_input (session);
}

int
command_session (pid_t pid, int master, struct tss_error *error)
{
  struct session session = { .pid = pid, .master = master };
  sigset_t all;
  int status;
  pid_t ended;

  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  session.signals = signalfd (-1, &all, SFD_CLOEXEC);
  if (session.signals < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "watch signals");
  begin_terminal (&session);
  while ((ended = TSS_RETRY (waitpid (pid, &status, WNOHANG))) == 0)
    serve_once (&session);
  drain_terminal (&session);
  end_terminal (&session);
  tss_close (&session.signals);
  if (ended < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "wait for the process");
  return WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
}
