/* Sends the log's records on to a logging service: syslog, as datagrams or lines by TCP, or the journal in its own
 * form. The log itself stays what it is. Nobody waits for the service: what it does not take at once is queued, up to a
 * limit, and what does not fit is dropped and counted. */
#ifndef TSSTACK_SHIM_LOG_FORWARD_H
#define TSSTACK_SHIM_LOG_FORWARD_H

#include "../common/buffer.h"
#include "../common/loop.h"
#include "log-service.h"

struct log_forward
{
  const struct log_options *options;
  struct loop *loop;
  struct log_service service;
  struct loop_timer retry;
  struct buffer queue;             /* messages, each after its length */
  uint64_t dropped, told;          /* lines */
  void (*drained) (void *context); /* the queue is empty again after lines were dropped */
  void *context;
};

void log_forward_open (struct log_forward *forward, struct loop *loop, const struct log_options *options);

/* RECORDS are whole ones of stream 0 (stdout) or 1 (stderr), as the log has them. */
void log_forward_records (struct log_forward *forward, int stream, const char *records, size_t size);

/* A line for the log about what was dropped since the last one; its length, 0 when there is nothing to tell. */
size_t log_forward_tell (struct log_forward *forward, char *text, size_t size);

/* What the service does not take now is lost, and told by log_forward_tell. */
void log_forward_close (struct log_forward *forward);

#endif
