/* What a container prints, as the log has it: for the targets that send it on. */
#ifndef TSSTACK_FUZZ_LOG_RECORDS_H
#define TSSTACK_FUZZ_LOG_RECORDS_H

#include <stddef.h>
#include <stdint.h>

enum
{
  LOG_RECORDS_MAX = 1024
};

struct log_record
{
  const char *record;
  size_t length; /* without its newline */
};

struct log_records
{
  struct log_record lines[LOG_RECORDS_MAX];
  size_t count;
};

extern struct log_records log_records;

/* DATA, REPEATed so that long lines come about, as records; those of the last call are gone. */
void log_records_make (const uint8_t *data, size_t size, size_t repeat);

#endif
