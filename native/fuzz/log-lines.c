/* The log's records: whatever a container prints, and however it is cut into pieces, comes out again byte by byte. */
#include "../shim/lines.h"
#include "fuzz.h"

#include <string.h>

enum
{
  INPUT_MAX = 256 * 1024,
};

static char prefix_text[LINES_PREFIX_LENGTH];
static char printed[INPUT_MAX], restored[INPUT_MAX];
static size_t restored_length;

/* Appends the text of the records in OUT, without their prefixes. */
static void
read_records (const char *out, size_t length)
{
  while (length > 0)
    {
      const char *end = memchr (out, '\n', length);
      bool is_full = out[LINES_PREFIX_LENGTH - 2] == 'F';
      size_t text_length;

      FUZZ_REQUIRE (end && end - out >= LINES_PREFIX_LENGTH);
      FUZZ_REQUIRE (is_full || out[LINES_PREFIX_LENGTH - 2] == 'P');
      FUZZ_REQUIRE (memcmp (out, prefix_text, LINES_PREFIX_LENGTH - 2) == 0);
      text_length = (size_t)(end - out) - LINES_PREFIX_LENGTH;
      FUZZ_REQUIRE (text_length <= LINES_PART_MAX && restored_length + text_length + 1 <= sizeof restored);
      memcpy (restored + restored_length, out + LINES_PREFIX_LENGTH, text_length);
      restored_length += text_length;
      if (is_full)
        restored[restored_length++] = '\n';
      length -= (size_t)(end + 1 - out);
      out = end + 1;
    }
}

/* The first two bytes are the room for records, the third how often the rest is repeated, so that long lines come
 * about. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static char out[2 * LINES_RECORD_MAX + UINT16_MAX];
  struct lines_prefix prefix;
  size_t room, used = 0, length = 0, repeat;

  if (size < 4 || size - 3 > INPUT_MAX)
    return 0;
  room = LINES_RECORD_MAX + (size_t)data[0] * 256 + data[1];
  repeat = (size_t)data[2] * 16 + 1;
  for (size_t i = 0; i < repeat && length + size - 3 <= INPUT_MAX; i++, length += size - 3)
    memcpy (printed + length, data + 3, size - 3);
  lines_make_prefix (&prefix, (struct timespec){ .tv_sec = 1700000000, .tv_nsec = 5 },
                     data[2] & 1 ? "stdout" : "stderr");
  memcpy (prefix_text, prefix.text, sizeof prefix_text);
  restored_length = 0;
  for (;;)
    {
      size_t out_length = 0;
      size_t taken = lines_format (&prefix, printed + used, length - used, out, room, &out_length);

      FUZZ_REQUIRE (taken <= length - used && out_length <= room);
      read_records (out, out_length);
      used += taken;
      if (taken == 0)
        break;
    }
  FUZZ_REQUIRE (length - used <= LINES_PART_MAX && !memchr (printed + used, '\n', length - used));
  FUZZ_REQUIRE (restored_length == used && memcmp (restored, printed, used) == 0);
  return 0;
}
