/* A listening socket that survives a lack of descriptors. */
#include "listener.h"
#include "cleanup.h"

#include <sys/socket.h>

enum
{
  /* Until somebody has closed a descriptor when there were none left. */
  PAUSE_MS = 100
};

static void
on_connection (void *context, uint32_t events)
{
  struct listener *listener = context;
  int fd = TSS_RETRY (accept4 (listener->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));

  (void)events;
  if (fd >= 0)
    {
      listener->function (listener->context, fd);
      return;
    }
  if (errno == EAGAIN || errno == ECONNABORTED)
    return;
  /* The connection stays in the queue and would wake us for ever. */
  loop_set (listener->loop, &listener->watch, LOOP_OFF, NULL);
  loop_start_timer (listener->loop, &listener->pause, PAUSE_MS);
}

static void
on_pause_end (void *context)
{
  struct listener *listener = context;

  if (loop_set (listener->loop, &listener->watch, EPOLLIN, NULL) < 0)
    loop_start_timer (listener->loop, &listener->pause, PAUSE_MS);
}

int
listener_open (struct listener *listener, int fd, struct tss_error *error)
{
  listener->watch = (struct loop_watch){ .fd = fd, .function = on_connection, .context = listener };
  listener->pause = (struct loop_timer){ .function = on_pause_end, .context = listener };
  if (loop_set (listener->loop, &listener->watch, EPOLLIN, error) == 0)
    return 0;
  tss_close (&listener->watch.fd);
  return -1;
}

void
listener_close (struct listener *listener)
{
  if (!listener->loop)
    return;
  loop_stop_timer (listener->loop, &listener->pause);
  loop_close_watch (listener->loop, &listener->watch);
}
