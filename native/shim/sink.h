/* Writes to a process's standard input or terminal without ever waiting for it. */
#ifndef TSSTACK_SHIM_SINK_H
#define TSSTACK_SHIM_SINK_H

#include "../common/buffer.h"
#include "../common/loop.h"

struct sink
{
  struct loop *loop;
  struct loop_watch watch;
  bool is_terminal, ends_after;
  struct buffer queue;
  void *context;
  /* All that was queued has been taken, or will never be. */
  void (*drained) (void *context);
};

/* Takes FD and makes it non-blocking. LOOP and the callback have been set. */
int sink_open (struct sink *sink, int fd, bool is_terminal, struct tss_error *error);

/* Bytes for a closed sink are dropped, as those for a process that reads no more. */
void sink_write (struct sink *sink, const char *data, size_t size);

/* After what is queued: closes a pipe; sends the end-of-file character to a terminal, which stays open. */
void sink_end (struct sink *sink);

/* Whoever feeds this sink should wait for DRAINED. */
bool sink_is_full (const struct sink *sink);
void sink_close (struct sink *sink);

#endif
