/* Wall-clock times as text. */
#include "clock.h"

#include <stdio.h>

struct timespec
clock_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now;
}

void
clock_format (struct timespec when, char text[CLOCK_TEXT_LENGTH + 1])
{
  /* Breaking down a second costs more than all the rest, and a busy log asks thousands of times for the same one. */
  static time_t cached_second = -1;
  static char cached_text[CLOCK_TEXT_LENGTH + 1];
  unsigned nanoseconds = (unsigned)when.tv_nsec;

  if (when.tv_sec != cached_second)
    {
      struct tm parts;

      gmtime_r (&when.tv_sec, &parts);
      strftime (cached_text, sizeof cached_text, "%Y-%m-%dT%H:%M:%S.000000000Z", &parts);
      cached_second = when.tv_sec;
    }
  for (int i = 0; i <= CLOCK_TEXT_LENGTH; i++)
    text[i] = cached_text[i];
  for (int i = CLOCK_TEXT_LENGTH - 2; i > 19; i--, nanoseconds /= 10)
    text[i] = (char)('0' + nanoseconds % 10);
}
