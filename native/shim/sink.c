/* Writes to a process's standard input or terminal without ever waiting for it. */
#include "sink.h"
#include "../common/cleanup.h"

#include <fcntl.h>

enum
{
  FULL = 64 * 1024
};

#define END_OF_FILE_CHARACTER "\4"

static void
finish (struct sink *sink)
{
  if (!sink->ends_after)
    return;
  sink->ends_after = false;
  if (!sink->is_terminal)
    sink_close (sink);
  else
    sink_write (sink, END_OF_FILE_CHARACTER, 1);
}

static void
write_queue (struct sink *sink)
{
  while (buffer_length (&sink->queue) > 0)
    {
      ssize_t count = TSS_RETRY (write (sink->watch.fd, buffer_bytes (&sink->queue), buffer_length (&sink->queue)));

      if (count < 0 && errno == EAGAIN)
        {
          loop_set (sink->loop, &sink->watch, EPOLLOUT, NULL);
          return;
        }
      if (count < 0)
        {
          sink_close (sink);
          break;
        }
      buffer_consume (&sink->queue, (size_t)count);
    }
  loop_set (sink->loop, &sink->watch, LOOP_OFF, NULL);
  finish (sink);
}

static void
on_writable (void *context, uint32_t events)
{
  struct sink *sink = context;

  (void)events;
  write_queue (sink);
  if (buffer_length (&sink->queue) == 0)
    sink->drained (sink->context);
}

int
sink_open (struct sink *sink, int fd, bool is_terminal, struct tss_error *error)
{
  sink->watch = (struct loop_watch){ .fd = fd, .function = on_writable, .context = sink };
  sink->is_terminal = is_terminal;
  sink->ends_after = false;
  if (fcntl (fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "make a descriptor non-blocking");
  return 0;
}

void
sink_write (struct sink *sink, const char *data, size_t size)
{
  if (sink->watch.fd < 0 || !buffer_append (&sink->queue, data, size))
    return;
  if (!sink->watch.is_added)
    write_queue (sink);
}

void
sink_end (struct sink *sink)
{
  sink->ends_after = true;
  if (sink->watch.fd >= 0 && !sink->watch.is_added)
    finish (sink);
}

bool
sink_is_full (const struct sink *sink)
{
  return buffer_length (&sink->queue) > FULL;
}

void
sink_close (struct sink *sink)
{
  loop_close_watch (sink->loop, &sink->watch);
  buffer_free (&sink->queue);
}
