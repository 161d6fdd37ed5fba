#include "watch.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static int loop_fd = -1;
/* Callbacks may close other watches of the same round: their entries are cleared here. */
static struct epoll_event round_events[32];
static int round_count;

int
watch_open_loop (void)
{
  loop_fd = epoll_create1 (EPOLL_CLOEXEC);
  return loop_fd;
}

int
watch_add (struct watch *watch, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  watch->events = events;
  return epoll_ctl (loop_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void
watch_change (struct watch *watch, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (watch->fd < 0 || watch->events == events)
    return;
  watch->events = events;
  epoll_ctl (loop_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
watch_close (struct watch *watch)
{
  if (watch->fd < 0)
    return;
  epoll_ctl (loop_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  close (watch->fd);
  watch->fd = -1;
  for (int i = 0; i < round_count; i++)
    if (round_events[i].data.ptr == watch)
      round_events[i].data.ptr = NULL;
}

int
watch_run_once (void)
{
  int count = epoll_wait (loop_fd, round_events, 32, -1);
  if (count < 0)
    return errno == EINTR ? 0 : -1;
  round_count = count;
  for (int i = 0; i < round_count; i++)
    {
      struct watch *watch = round_events[i].data.ptr;
      if (watch != NULL)
        watch->ready (watch, round_events[i].events);
    }
  round_count = 0;
  return 0;
}
