/* The log's files: appending, and rotation by rename. */
#ifndef TSSTACK_SHIM_LOG_FILE_H
#define TSSTACK_SHIM_LOG_FILE_H

#include "log-compress.h"
#include "options.h"

struct log_file
{
  const struct log_options *options;
  int fd;
  uint64_t size;
  bool is_inside_record; /* the disk took only a part of the last one */
  uint64_t shifted;      /* files that a rotation has moved which could not be finished */
  bool must_reopen;      /* the current file has been renamed, its successor could not be made yet */
  struct log_compress compress;
};

int log_file_open (struct log_file *file, const struct log_options *options, struct tss_error *error);
void log_file_close (struct log_file *file);

/* Bytes until the file is full. */
uint64_t log_file_room (const struct log_file *file);

/* Writes whole records and begins a new file when this one is full. Returns how many bytes were written, which is less
 * than SIZE when the disk is full or broken; errno says why. */
size_t log_file_write (struct log_file *file, const char *data, size_t size);

#endif
