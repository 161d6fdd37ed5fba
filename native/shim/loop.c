/* The event loop: descriptors by epoll, and timers. */
#include "loop.h"
#include "../common/cleanup.h"

#include <limits.h>
#include <time.h>

int
loop_open (struct loop *loop, struct tss_error *error)
{
  *loop = (struct loop){ .epoll_fd = epoll_create1 (EPOLL_CLOEXEC) };
  if (loop->epoll_fd < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "create an epoll descriptor");
  return 0;
}

void
loop_stop (struct loop *loop)
{
  loop->stopping = true;
}

int
loop_set (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  int operation = events == LOOP_OFF ? EPOLL_CTL_DEL : watch->is_added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

  if (watch->fd < 0 || (events == LOOP_OFF && !watch->is_added) || (watch->is_added && watch->events == events))
    return 0;
  if (epoll_ctl (loop->epoll_fd, operation, watch->fd, &event) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "watch descriptor %d", watch->fd);
  watch->is_added = events != LOOP_OFF;
  watch->events = events;
  return 0;
}

void
loop_close_watch (struct loop *loop, struct loop_watch *watch)
{
  loop_set (loop, watch, LOOP_OFF, NULL);
  tss_close (&watch->fd);
}

uint64_t
loop_now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
loop_start_timer (struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
  struct loop_timer **link = &loop->first_timer;

  loop_stop_timer (loop, timer);
  timer->deadline_ms = loop_now_ms () + delay_ms;
  timer->active = true;
  while (*link && (*link)->deadline_ms <= timer->deadline_ms)
    link = &(*link)->next;
  timer->next = *link;
  *link = timer;
}

void
loop_stop_timer (struct loop *loop, struct loop_timer *timer)
{
  struct loop_timer **link = &loop->first_timer;

  if (!timer->active)
    return;
  while (*link != timer)
    link = &(*link)->next;
  *link = timer->next;
  timer->active = false;
}

static void
run_timers (struct loop *loop)
{
  uint64_t now = loop_now_ms ();

  while (loop->first_timer && loop->first_timer->deadline_ms <= now)
    {
      struct loop_timer *timer = loop->first_timer;

      loop_stop_timer (loop, timer);
      timer->function (timer->context);
    }
}

static int
wait_ms (const struct loop *loop)
{
  uint64_t now;

  if (!loop->first_timer)
    return -1;
  now = loop_now_ms ();
  if (loop->first_timer->deadline_ms <= now)
    return 0;
  return loop->first_timer->deadline_ms - now > INT_MAX ? INT_MAX : (int)(loop->first_timer->deadline_ms - now);
}

int
loop_run (struct loop *loop, struct tss_error *error)
{
  while (!loop->stopping)
    {
      /* One event at a time, so that a callback may free any watch; the kernel hands ready descriptors out in turn. */
      struct epoll_event event;
      int count = epoll_wait (loop->epoll_fd, &event, 1, wait_ms (loop));

      if (count < 0 && errno != EINTR)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "wait for events");
      if (count > 0)
        {
          struct loop_watch *watch = event.data.ptr;

          watch->function (watch->context, event.events);
        }
      if (loop->first_timer)
        run_timers (loop);
    }
  return 0;
}
