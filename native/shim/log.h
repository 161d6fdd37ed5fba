/* The container's log in the CRI text format, rotated by size; see docs/native.md, section 5. */
#ifndef TSSTACK_SHIM_LOG_H
#define TSSTACK_SHIM_LOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOG_READ_SIZE 65536
#define LOG_PART_SIZE 16384

struct log
{
  const char *path; /* NULL: nothing is kept */
  int fd;
  off_t size;
  off_t max_bytes;
  unsigned max_files;
  char *buffer; /* records not written yet */
  size_t used;
  size_t peak;  /* most that was in the buffer since it was last given back */
  bool blocked; /* the last write failed: nothing may be read until log_flush succeeds */
};

/* One of stdout and stderr: the start of a line whose end has not come yet. */
struct log_stream
{
  const char *name;
  char *carry;
  size_t carried;
};

int log_open (struct log *log, const char *path, off_t max_bytes, unsigned max_files);
/* Takes at most LOG_READ_SIZE bytes; they are in the buffer afterwards, whatever the disk says. */
void log_append (struct log *log, struct log_stream *stream, const char *data, size_t size);
/* The last line without an end. */
void log_finish (struct log *log, struct log_stream *stream);
/* Writes what is pending; false when the disk refuses (then try again later). */
bool log_flush (struct log *log);
/* Gives memory back that a burst has touched. */
void log_relax (struct log *log);
void log_close (struct log *log);
#endif
