/* A record as the logging service gets it: one datagram, or one line of a stream. */
#ifndef TSSTACK_SHIM_LOG_MESSAGE_H
#define TSSTACK_SHIM_LOG_MESSAGE_H

#include "options.h"

#include <sys/uio.h>

enum
{
  LOG_MESSAGE_PIECES = 6
};

/* The pieces point into the message, the record and the options. */
struct log_message
{
  struct iovec pieces[LOG_MESSAGE_PIECES];
  int count;
  char time[64];
  unsigned char length[8];
};

/* RECORD is one of stream 0 (stdout) or 1 (stderr), LENGTH without its newline. */
void log_message_compose (const struct forward_options *options, int stream, const char *record, size_t length,
                          struct log_message *message);

size_t log_message_size (const struct iovec *pieces, int count);

#endif
