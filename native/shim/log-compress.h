/* Compression of rotated log files: PATH.1 becomes PATH.1.gz. A short-lived child does it, one file at a time, so that
 * the log never waits. */
#ifndef TSSTACK_SHIM_LOG_COMPRESS_H
#define TSSTACK_SHIM_LOG_COMPRESS_H

#include "options.h"

#include <sys/types.h>

struct log_compress
{
  const struct log_options *options; /* compression is wanted when its `compress` says so */
  pid_t pid;                         /* the child at work; 0: none */
  uint64_t number;                   /* what its file is called by now */
};

/* Begins, when nothing else is going on, with the newest file that is not compressed. */
void log_compress_begin (struct log_compress *compress);

/* The file of that number has the next one now; the last one has gone, and needs no compression any more. */
void log_compress_moved (struct log_compress *compress, uint64_t number);

/* True when PID was the child; then its file takes the place of the other, and the next one is begun. */
bool log_compress_child_ended (struct log_compress *compress, pid_t pid, int status);

/* Gives up what is going on; the file stays as it is. */
void log_compress_stop (struct log_compress *compress);

#endif
