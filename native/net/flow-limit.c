#include "flow-limit.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "netns.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNEL_LOG "/dev/kmsg"
#define KERNEL_LOG_VARIABLE "TSSTACK_KERNEL_LOG" /* tests have one of their own */
#define TABLE_FULL "nf_conntrack: table full"
#define RECORD_SIZE 8192 /* the kernel's longest */
#define SAY_AGAIN_MS 60000
#define PART_OF_FULL 95 /* %: some have ended by the time that anybody looks */

static unsigned long
read_number (const char *path)
{
  char text[32] = "";
  tss_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || TSS_RETRY (read (fd, text, sizeof text - 1)) <= 0)
    return 0;
  return strtoul (text, NULL, 10);
}

struct look
{
  struct sandboxes *sandboxes;
  unsigned long most;
  bool is_found;
};

static bool
is_full (unsigned long most)
{
  return most > 0 && read_number ("/proc/sys/net/netfilter/nf_conntrack_count") >= most / 100 * PART_OF_FULL;
}

static void
say (const char *whose, const char *id, unsigned long most)
{
  fprintf (stderr,
           "tsstack-net: the kernel refuses new connections of %s%.12s: it has as many as the sysctl "
           "net.netfilter.nf_conntrack_max allows (%lu); raise that on this host\n",
           whose, id, most);
}

static void
look_at (const char *id, const char *path, void *context)
{
  struct look *look = context;
  if (netns_enter (path, NULL) < 0)
    return;
  bool full = is_full (look->most);
  netns_leave (look->sandboxes->host_namespace);
  if (full)
    say ("container ", id, look->most);
  look->is_found = look->is_found || full;
}

static void
on_full (struct flow_limit *limit)
{
  uint64_t now = loop_now_ms ();
  if (limit->said_ms != 0 && now - limit->said_ms < SAY_AGAIN_MS)
    return;
  limit->said_ms = now;
  struct look look = { .sandboxes = limit->sandboxes };
  look.most = read_number ("/proc/sys/net/netfilter/nf_conntrack_max");
  sandboxes_each (limit->sandboxes, look_at, &look);
  if (is_full (look.most))
    say ("this host", "", look.most);
  else if (!look.is_found)
    say ("another network namespace", "", look.most);
}

static void
on_records (void *context, uint32_t events)
{
  struct flow_limit *limit = context;
  (void)events;
  for (;;)
    {
      char record[RECORD_SIZE + 1];
      ssize_t size = TSS_RETRY (read (limit->kernel_log.fd, record, RECORD_SIZE));
      if (size < 0 && errno == EPIPE)
        continue; /* some were overwritten */
      if (size < 0 && errno == EAGAIN)
        return;
      if (size <= 0)
        {
          loop_close_watch (limit->loop, &limit->kernel_log);
          return;
        }
      record[size] = '\0';
      if (strstr (record, TABLE_FULL) != NULL)
        on_full (limit);
    }
}

void
flow_limit_open (struct flow_limit *limit)
{
  const char *path = getenv (KERNEL_LOG_VARIABLE);
  limit->kernel_log = (struct loop_watch){ .fd = -1, .function = on_records, .context = limit };
  tss_autofd int fd = open (path == NULL ? KERNEL_LOG : path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return;
  /* Only what comes from now on. */
  lseek (fd, 0, SEEK_END);
  limit->kernel_log.fd = fd;
  if (loop_set (limit->loop, &limit->kernel_log, EPOLLIN, NULL) < 0)
    limit->kernel_log.fd = -1;
  else
    fd = -1;
}

void
flow_limit_close (struct flow_limit *limit)
{
  loop_close_watch (limit->loop, &limit->kernel_log);
}
