/* Reads what a process writes, in large pieces, and hands it on. */
#include "pump.h"
#include "../common/cleanup.h"
#include "stdio-pipes.h"

#include <fcntl.h>

static void
on_readable (void *context, uint32_t events)
{
  struct pump *pump = context;
  char *data = scratch_input (pump->scratch);
  ssize_t count;

  (void)events;
  if (!data)
    return;
  count = TSS_RETRY (read (pump->watch.fd, data, SCRATCH_INPUT));
  if (count > 0)
    pump->data (pump->context, pump->stream, data, (size_t)count);
  else if (count == 0 || errno != EAGAIN)
    {
      /* A terminal whose last user has gone says EIO. */
      pump_close (pump);
      pump->end (pump->context, pump->stream);
    }
}

int
pump_open (struct pump *pump, int fd, struct tss_error *error)
{
  pump->watch = (struct loop_watch){ .fd = fd, .function = on_readable, .context = pump };
  if (fcntl (fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "make a descriptor non-blocking");
  return loop_set (pump->loop, &pump->watch, EPOLLIN, error);
}

void
pump_set_paused (struct pump *pump, bool paused)
{
  loop_set (pump->loop, &pump->watch, paused ? LOOP_OFF : EPOLLIN, NULL);
}

void
pump_drain (struct pump *pump)
{
  char *data = scratch_input (pump->scratch);
  size_t drained = 0;

  while (data && pump_is_open (pump) && drained < STDIO_PIPES_SIZE)
    {
      ssize_t count = TSS_RETRY (read (pump->watch.fd, data, SCRATCH_INPUT));

      if (count <= 0)
        break;
      pump->data (pump->context, pump->stream, data, (size_t)count);
      drained += (size_t)count;
    }
}

void
pump_close (struct pump *pump)
{
  loop_close_watch (pump->loop, &pump->watch);
}
