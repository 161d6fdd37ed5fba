/* Signals by name. */
#include "signal-names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int
signal_names_check (int64_t number)
{
  return number > 0 && number <= SIGRTMAX ? (int)number : -1;
}

static int
parse_number (const char *text, int64_t base)
{
  char *end;
  long number;

  errno = 0;
  number = strtol (text, &end, 10);
  if (errno || end == text || *end)
    return -1;
  return signal_names_check (base + number);
}

int
signal_names_find (const char *name)
{
  if (*name >= '0' && *name <= '9')
    return parse_number (name, 0);
  if (strncasecmp (name, "SIG", 3) == 0)
    name += 3;
  for (int signal = 1; signal < SIGRTMIN; signal++)
    {
      const char *known = sigabbrev_np (signal);

      if (known && strcasecmp (known, name) == 0)
        return signal;
    }
  if (strcasecmp (name, "RTMIN") == 0)
    return SIGRTMIN;
  if (strcasecmp (name, "RTMAX") == 0)
    return SIGRTMAX;
  if (strncasecmp (name, "RTMIN+", 6) == 0)
    return parse_number (name + 5, SIGRTMIN);
  if (strncasecmp (name, "RTMAX-", 6) == 0)
    return parse_number (name + 5, SIGRTMAX);
  return -1;
}

void
signal_names_format (int signal, char *text, size_t size)
{
  const char *name = sigabbrev_np (signal);

  if (signal >= SIGRTMIN)
    snprintf (text, size, "SIGRTMIN+%d", signal - SIGRTMIN);
  else if (name)
    snprintf (text, size, "SIG%s", name);
  else
    snprintf (text, size, "%d", signal); /* 32 and 33 belong to the C library and have no name */
}
