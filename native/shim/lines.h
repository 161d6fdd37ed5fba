/* Bytes of a stream into records of the CRI log format: "TIME STREAM F text\n". Pure; see docs/native.md, section 5. */
#ifndef TSSTACK_SHIM_LINES_H
#define TSSTACK_SHIM_LINES_H

#include "clock.h"

#include <stddef.h>

enum
{
  LINES_PART_MAX = 16 * 1024, /* longer lines are split into parts of this size */
  LINES_PREFIX_LENGTH = CLOCK_TEXT_LENGTH + 10,
  LINES_RECORD_MAX = LINES_PREFIX_LENGTH + LINES_PART_MAX + 1,
};

/* "2026-11-21T04:00:00.123456789Z stdout F ", without a NUL. */
struct lines_prefix
{
  char text[LINES_PREFIX_LENGTH];
};

/* STREAM is "stdout" or "stderr". */
void lines_make_prefix (struct lines_prefix *prefix, struct timespec when, const char *stream);

/* Writes records for DATA into OUT (at least LINES_RECORD_MAX bytes; *OUT_LENGTH grows) until the data or the room is
 * used up, and returns how many bytes of DATA were used. What stays is an unfinished line of at most LINES_PART_MAX
 * bytes, unless there was no room. */
size_t lines_format (const struct lines_prefix *prefix, const char *data, size_t size, char *out, size_t out_capacity,
                     size_t *out_length);

#endif
