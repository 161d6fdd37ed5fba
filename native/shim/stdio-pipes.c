/* The three standard descriptors of a process: its ends and ours. */
#include "stdio-pipes.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static int
open_one (struct stdio_pipes *pipes, int number, bool is_wanted)
{
  int ends[2];

  if (!is_wanted)
    {
      pipes->theirs[number] = open ("/dev/null", (number == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
      return pipes->theirs[number] < 0 ? -1 : 0;
    }
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  fcntl (ends[0], F_SETPIPE_SZ, STDIO_PIPES_SIZE); /* smaller is fine too */
  pipes->theirs[number] = ends[number == 0 ? 0 : 1];
  pipes->ours[number] = ends[number == 0 ? 1 : 0];
  return 0;
}

int
stdio_pipes_open (struct stdio_pipes *pipes, bool wants_input, bool wants_output, struct tss_error *error)
{
  if (open_one (pipes, 0, wants_input) < 0 || open_one (pipes, 1, wants_output) < 0
      || open_one (pipes, 2, wants_output) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "make the pipes of the process");
  return 0;
}

void
stdio_pipes_set_terminal (struct stdio_pipes *pipes, int terminal)
{
  pipes->ours[1] = terminal;
  /* A second descriptor, because reading and writing are watched apart. */
  pipes->ours[0] = fcntl (terminal, F_DUPFD_CLOEXEC, 0);
}

void
stdio_pipes_close (struct stdio_pipes *pipes)
{
  for (int i = 0; i < 3; i++)
    {
      tss_close (&pipes->ours[i]);
      tss_close (&pipes->theirs[i]);
    }
}

int
stdio_pipes_resize (int terminal, unsigned short rows, unsigned short columns, struct tss_error *error)
{
  struct winsize size = { .ws_row = rows, .ws_col = columns };

  if (ioctl (terminal, TIOCSWINSZ, &size) < 0)
    return tss_error_set (error, TSS_ERROR_STATE, errno, "", "resize the terminal");
  return 0;
}
