#include "shim.h"
#include <sys/epoll.h>
#include <sys/timerfd.h>

int
timer_open (struct timer *timer, void (*ready) (struct watch *, uint32_t), void *owner)
{
  timer->watch = (struct watch){ .fd = timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK),
                                 .ready = ready,
                                 .owner = owner };
  return timer->watch.fd < 0 ? -1 : watch_add (&timer->watch, EPOLLIN);
}

void
timer_set (struct timer *timer, uint64_t milliseconds)
{
  struct itimerspec when = { .it_value = { (time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000 } };
  if (milliseconds == 0)
    when.it_value.tv_nsec = 1;
  timerfd_settime (timer->watch.fd, 0, &when, NULL);
}

void
timer_stop (struct timer *timer)
{
  struct itimerspec never = { 0 };
  timerfd_settime (timer->watch.fd, 0, &never, NULL);
}
