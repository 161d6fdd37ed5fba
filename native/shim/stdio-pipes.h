/* The three standard descriptors of a process: its ends and ours. */
#ifndef TSSTACK_SHIM_STDIO_PIPES_H
#define TSSTACK_SHIM_STDIO_PIPES_H

#include "../common/error.h"

#include <stdbool.h>

enum
{
  /* The most that an unprivileged process may ask for by default (fs.pipe-max-size): a burst of output then waits here
     and not in the container. The kernel allocates pages only as they fill. */
  STDIO_PIPES_SIZE = 1024 * 1024
};

/* -1: not there. All are closed by stdio_pipes_close unless somebody has taken them. */
struct stdio_pipes
{
  int ours[3];
  int theirs[3];
};

#define STDIO_PIPES_CLOSED                                                                                             \
  {                                                                                                                    \
    { -1, -1, -1 }, { -1, -1, -1 }                                                                                     \
  }

/* Makes pipes; where one is not wanted the process gets /dev/null and we get nothing. */
int stdio_pipes_open (struct stdio_pipes *pipes, bool wants_input, bool wants_output, struct tss_error *error);

/* Takes the master side of a terminal as our end of input and output. */
void stdio_pipes_set_terminal (struct stdio_pipes *pipes, int terminal);
void stdio_pipes_close (struct stdio_pipes *pipes);

int stdio_pipes_resize (int terminal, unsigned short rows, unsigned short columns, struct tss_error *error);

#endif
