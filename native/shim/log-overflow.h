/* What a blocked log keeps for later and, in the mode non-blocking, what it loses: whole lines, counted. */
#ifndef TSSTACK_SHIM_LOG_OVERFLOW_H
#define TSSTACK_SHIM_LOG_OVERFLOW_H

#include "../common/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct log_overflow
{
  uint64_t lines, bytes;           /* dropped so far */
  uint64_t told_lines, told_bytes; /* of them, those that the log itself mentions */
};

/* Appends to REST as many whole lines of DATA as fit into ROOM bytes, and counts the others. *IS_CUT says that the
 * rest of a line is still to come that has lost its beginning. Returns how many bytes were dropped. */
size_t log_overflow_keep (struct log_overflow *overflow, struct buffer *rest, bool *is_cut, const char *data,
                          size_t size, size_t room);

/* A line for the log about what was dropped since the last one, its end included; its length is returned, 0 when there
 * is nothing to tell. */
size_t log_overflow_tell (struct log_overflow *overflow, char *text, size_t size);

#endif
