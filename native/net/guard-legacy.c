#include "guard-legacy.h"
#include "../common/cleanup.h"

#include <string.h>
#include <sys/socket.h>

/* Before the headers of the kernel, which then leave out what they have in common. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#define MOST_BYTES (16u << 20)

/* Asking about a table that is not there would load it. */
static bool
has_filter_table (void)
{
  char line[64];
  bool found = false;
  tss_autofile FILE *names = fopen ("/proc/net/ip_tables_names", "re");
  while (names != NULL && !found && fgets (line, sizeof line, names) != NULL)
    found = strcmp (line, "filter\n") == 0;
  return found;
}

/* The policy is the verdict of the entry that a packet falls through to at the end of the chain. */
static bool
is_drop (const struct ipt_get_entries *entries, unsigned offset, unsigned size)
{
  if (offset + sizeof (struct ipt_entry) > size)
    return false;
  const struct ipt_entry *entry = (const struct ipt_entry *)((const char *)entries->entrytable + offset);
  if (offset + entry->target_offset + sizeof (struct xt_standard_target) > size)
    return false;
  const struct xt_standard_target *target
      = (const struct xt_standard_target *)((const char *)entry + entry->target_offset);
  return target->verdict == -NF_DROP - 1;
}

bool
guard_legacy_drops (void)
{
  if (!has_filter_table ())
    return false;
  struct ipt_getinfo info = { .name = "filter" };
  socklen_t length = sizeof info;
  tss_autofd int fd = socket (AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0 || getsockopt (fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0 || info.size > MOST_BYTES)
    return false;
  tss_autofree struct ipt_get_entries *entries = calloc (1, sizeof *entries + info.size);
  if (entries == NULL)
    return false;
  strcpy (entries->name, "filter");
  entries->size = info.size;
  length = (socklen_t)(sizeof *entries + info.size);
  if (getsockopt (fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &length) < 0)
    return false;
  return is_drop (entries, info.underflow[NF_INET_FORWARD], info.size);
}
