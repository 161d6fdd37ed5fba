/* What a container prints, as the log has it. */
#include "log-records.h"
#include "../shim/lines.h"
#include "fuzz.h"

#include <string.h>

enum
{
  PRINTED_MAX = 256 * 1024
};

struct log_records log_records;

void
log_records_make (const uint8_t *data, size_t size, size_t repeat)
{
  static char printed[PRINTED_MAX], records[2 * PRINTED_MAX + LINES_RECORD_MAX];
  struct lines_prefix prefix;
  size_t printed_length = 0, length = 0;

  for (size_t i = 0; i < repeat && printed_length + size < sizeof printed; i++, printed_length += size)
    memcpy (printed + printed_length, data, size);
  printed[printed_length++] = '\n';
  lines_make_prefix (&prefix, (struct timespec){ .tv_sec = 1700000000, .tv_nsec = 5 }, "stdout");
  lines_format (&prefix, printed, printed_length, records, sizeof records, &length);
  log_records.count = 0;
  for (const char *at = records; at < records + length && log_records.count < LOG_RECORDS_MAX; log_records.count++)
    {
      const char *end = memchr (at, '\n', (size_t)(records + length - at));

      FUZZ_REQUIRE (end);
      log_records.lines[log_records.count] = (struct log_record){ .record = at, .length = (size_t)(end - at) };
      at = end + 1;
    }
}
