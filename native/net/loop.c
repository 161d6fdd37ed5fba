#include "loop.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

int
loop_open (struct loop *loop, struct tss_error *error)
{
  *loop = (struct loop){ .epoll_fd = epoll_create1 (EPOLL_CLOEXEC) };
  if (loop->epoll_fd < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, NULL, "create epoll");
  return 0;
}

void
loop_close (struct loop *loop)
{
  close (loop->epoll_fd);
}

void
loop_stop (struct loop *loop)
{
  loop->stopping = true;
}

int
loop_watch (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, NULL, "watch descriptor %d", watch->fd);
  return 0;
}

void
loop_change (struct loop *loop, struct loop_watch *watch, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
loop_unwatch (struct loop *loop, struct loop_watch *watch)
{
  if (watch->fd < 0)
    return;
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  close (watch->fd);
  watch->fd = -1;
  /* The owner may free the watch now, and this round may still hold an event for it. */
  for (int i = 0; i < loop->event_count; i++)
    if (loop->events[i].data.ptr == watch)
      loop->events[i].data.ptr = NULL;
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
  loop_stop_timer (loop, timer);
  timer->deadline_ms = loop_now_ms () + delay_ms;
  timer->active = true;
  /* From the end: most timers have the same delay, so that the new one is the last. */
  struct loop_timer *before = loop->last_timer;
  while (before != NULL && before->deadline_ms > timer->deadline_ms)
    before = before->previous;
  timer->previous = before;
  timer->next = before == NULL ? loop->first_timer : before->next;
  *(before == NULL ? &loop->first_timer : &before->next) = timer;
  *(timer->next == NULL ? &loop->last_timer : &timer->next->previous) = timer;
}

void
loop_stop_timer (struct loop *loop, struct loop_timer *timer)
{
  if (!timer->active)
    return;
  timer->active = false;
  *(timer->previous == NULL ? &loop->first_timer : &timer->previous->next) = timer->next;
  *(timer->next == NULL ? &loop->last_timer : &timer->next->previous) = timer->previous;
}

void
loop_post (struct loop *loop, struct loop_task *task)
{
  if (task->queued)
    return;
  task->queued = true;
  task->next = NULL;
  *(loop->last_task == NULL ? &loop->first_task : &loop->last_task->next) = task;
  loop->last_task = task;
}

void
loop_cancel (struct loop *loop, struct loop_task *task)
{
  if (!task->queued)
    return;
  struct loop_task *previous = NULL;
  for (struct loop_task *at = loop->first_task; at != task; at = at->next)
    previous = at;
  *(previous == NULL ? &loop->first_task : &previous->next) = task->next;
  if (loop->last_task == task)
    loop->last_task = previous;
  task->queued = false;
}

static void
run_timers (struct loop *loop)
{
  uint64_t now = loop_now_ms ();
  while (loop->first_timer != NULL && loop->first_timer->deadline_ms <= now)
    {
      struct loop_timer *timer = loop->first_timer;
      loop_stop_timer (loop, timer);
      timer->function (timer->context);
    }
}

/* One task a round: a long queue of work delays no DNS answer by more than its longest item. */
static void
run_task (struct loop *loop)
{
  struct loop_task *task = loop->first_task;
  if (task == NULL)
    return;
  loop_cancel (loop, task);
  task->function (task->context);
}

static int
wait_ms (const struct loop *loop)
{
  if (loop->first_task != NULL)
    return 0;
  if (loop->first_timer == NULL)
    return -1;
  uint64_t now = loop_now_ms ();
  return loop->first_timer->deadline_ms <= now ? 0 : (int)(loop->first_timer->deadline_ms - now);
}

int
loop_run (struct loop *loop, struct tss_error *error)
{
  while (!loop->stopping)
    {
      int count = epoll_wait (loop->epoll_fd, loop->events, LOOP_EVENTS, wait_ms (loop));
      if (count < 0 && errno != EINTR)
        return tss_error_set (error, TSS_ERROR_IO, errno, NULL, "wait for events");
      loop->event_count = count < 0 ? 0 : count;
      for (int i = 0; i < loop->event_count; i++)
        {
          struct loop_watch *watch = loop->events[i].data.ptr;
          if (watch != NULL)
            watch->function (watch->context, loop->events[i].events);
        }
      loop->event_count = 0;
      run_timers (loop);
      run_task (loop);
    }
  return 0;
}
