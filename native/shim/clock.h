/* Wall-clock times as the state file and the log write them. */
#ifndef TSSTACK_SHIM_CLOCK_H
#define TSSTACK_SHIM_CLOCK_H

#include <time.h>

/* "2026-11-21T04:00:00.123456789Z" */
#define CLOCK_TEXT_LENGTH 30

struct timespec clock_now (void);

/* Fills TEXT with the UTC time and a NUL. */
void clock_format (struct timespec when, char text[CLOCK_TEXT_LENGTH + 1]);

#endif
