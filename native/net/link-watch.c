#include "link-watch.h"
#include "../common/cleanup.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

static void
tell (struct link_watch *watch, const struct nlmsghdr *message)
{
  const struct ifinfomsg *header = NLMSG_DATA (message);
  bool is_link = message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK;
  if (is_link && message->nlmsg_len >= NLMSG_LENGTH (sizeof *header))
    watch->function ((unsigned)header->ifi_index, watch->context);
}

static void
on_links_changed (void *context, uint32_t events)
{
  struct link_watch *watch = context;
  (void)events;
  /* FUNCTION may stop the watch. */
  while (watch->socket.fd >= 0)
    {
      _Alignas(NLMSG_ALIGNTO) char data[32768];
      ssize_t size = recv (watch->socket.fd, data, sizeof data, MSG_DONTWAIT);
      if (size < 0 && errno != ENOBUFS)
        return;
      if (size < 0)
        watch->function (0, watch->context);
      int left = (int)size;
      for (struct nlmsghdr *message = (struct nlmsghdr *)data; size > 0 && NLMSG_OK (message, left);
           message = NLMSG_NEXT (message, left))
        tell (watch, message);
    }
}

void
link_watch_open (struct link_watch *watch, struct loop *loop, void (*function) (unsigned index, void *context),
                 void *context)
{
  *watch = (struct link_watch){ .loop = loop, .function = function, .context = context };
  watch->socket = (struct loop_watch){ .fd = -1, .function = on_links_changed, .context = watch };
}

int
link_watch_start (struct link_watch *watch, struct tss_error *error)
{
  if (watch->socket.fd >= 0)
    return 0;
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
  tss_autofd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "subscribe to changes of links");
  watch->socket.fd = tss_steal_fd (&fd);
  if (loop_set (watch->loop, &watch->socket, EPOLLIN, error) == 0)
    return 0;
  link_watch_stop (watch);
  return -1;
}

void
link_watch_stop (struct link_watch *watch)
{
  loop_close_watch (watch->loop, &watch->socket);
}
