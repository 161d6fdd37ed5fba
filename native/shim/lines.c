/* Bytes of a stream into records of the CRI log format. */
#include "lines.h"

#include <string.h>

void
lines_make_prefix (struct lines_prefix *prefix, struct timespec when, const char *stream)
{
  char time[CLOCK_TEXT_LENGTH + 1];
  char *text = prefix->text;

  clock_format (when, time);
  memcpy (text, time, CLOCK_TEXT_LENGTH);
  memcpy (text + CLOCK_TEXT_LENGTH, " stdout F ", 10);
  memcpy (text + CLOCK_TEXT_LENGTH + 1, stream, 6);
}

/* The hot loop of a busy container: two copies of which the first has a constant size. */
static size_t
put_record (const struct lines_prefix *prefix, char tag, const char *data, size_t size, char *out)
{
  memcpy (out, prefix->text, LINES_PREFIX_LENGTH);
  out[LINES_PREFIX_LENGTH - 2] = tag;
  memcpy (out + LINES_PREFIX_LENGTH, data, size);
  out[LINES_PREFIX_LENGTH + size] = '\n';
  return LINES_PREFIX_LENGTH + size + 1;
}

size_t
lines_format (const struct lines_prefix *prefix, const char *data, size_t size, char *out, size_t out_capacity,
              size_t *out_length)
{
  size_t used = 0;

  while (used < size && out_capacity - *out_length >= LINES_RECORD_MAX)
    {
      const char *start = data + used;
      size_t available = size - used;
      size_t searched = available < LINES_PART_MAX + 1 ? available : LINES_PART_MAX + 1;
      const char *newline = memchr (start, '\n', searched);
      size_t length;

      if (newline)
        {
          length = (size_t)(newline - start);
          *out_length += put_record (prefix, 'F', start, length, out + *out_length);
          used += length + 1;
        }
      else if (searched > LINES_PART_MAX)
        {
          *out_length += put_record (prefix, 'P', start, LINES_PART_MAX, out + *out_length);
          used += LINES_PART_MAX;
        }
      else
        break;
    }
  return used;
}
