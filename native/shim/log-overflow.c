/* What a blocked log keeps for later and what it loses. */
#include "log-overflow.h"

#include <stdio.h>
#include <string.h>

static void
drop (struct log_overflow *overflow, const char *data, size_t size)
{
  overflow->bytes += size;
  for (size_t i = 0; i < size; i++)
    overflow->lines += data[i] == '\n';
}

static size_t
through_last_newline (const char *data, size_t size)
{
  const char *last = size > 0 ? memrchr (data, '\n', size) : NULL;

  return last ? (size_t)(last - data) + 1 : 0;
}

/* The line that REST ends in the middle of will not go on. */
static void
end_line (struct buffer *rest)
{
  if (buffer_length (rest) > 0 && buffer_bytes (rest)[buffer_length (rest) - 1] != '\n')
    buffer_append (rest, "\n", 1);
}

/* How much of DATA belongs to a line whose beginning was dropped. */
static size_t
rest_of_cut_line (const char *data, size_t size)
{
  const char *newline = memchr (data, '\n', size);

  return newline ? (size_t)(newline - data) + 1 : size;
}

size_t
log_overflow_keep (struct log_overflow *overflow, struct buffer *rest, bool *is_cut, const char *data, size_t size,
                   size_t room)
{
  size_t skipped = *is_cut ? rest_of_cut_line (data, size) : 0;
  size_t kept;

  drop (overflow, data, skipped);
  if (skipped > 0 && data[skipped - 1] != '\n')
    return skipped;
  *is_cut = false;
  data += skipped;
  size -= skipped;
  kept = size <= room ? size : through_last_newline (data, room);
  if (!buffer_append (rest, data, kept))
    kept = 0;
  if (kept == size)
    return skipped;
  end_line (rest);
  drop (overflow, data + kept, size - kept);
  *is_cut = data[size - 1] != '\n';
  return skipped + size - kept;
}

size_t
log_overflow_tell (struct log_overflow *overflow, char *text, size_t size)
{
  unsigned long long lines = overflow->lines - overflow->told_lines, bytes = overflow->bytes - overflow->told_bytes;
  int length;

  if (bytes == 0)
    return 0;
  length = snprintf (text, size, "[tsstack: %llu lines (%llu bytes) were dropped here, because the disk was full]\n",
                     lines, bytes);
  overflow->told_lines = overflow->lines;
  overflow->told_bytes = overflow->bytes;
  return length > 0 && (size_t)length < size ? (size_t)length : 0;
}
