#include "barrier.h"
#include "../../common/cleanup.h"
#include "../ipsec/wish.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT_SIZE 1536
#define PREFIX "inet tsstack-wireguard-"

static void
name_table (uint32_t owner, char table[64])
{
  snprintf (table, 64, PREFIX "%08x", owner);
}

/* The mark is set behind every other chain, so that none takes it for its own, and taken off what has been inside of
 * the packet, which keeps it, before anybody else has seen that. */
static void
write_script (const struct wireguard_wish *wish, const char *link, const char *table, char script[SCRIPT_SIZE])
{
  char local[ADDRESS_TEXT_SIZE];
  const char *family = wish->local.family == AF_INET ? "ip" : "ip6";
  address_format (&wish->local, local);
  snprintf (script, SCRIPT_SIZE,
            "table %s\ndelete table %s\ntable %s {\n"
            "chain before {\ntype filter hook prerouting priority raw\nmeta mark %u meta mark set 0\n"
            "iifname \"%s\" %s daddr %s udp dport %u accept\niifname \"%s\" drop\n}\n"
            "chain in {\ntype filter hook input priority 500\niifname \"%s\" meta mark set %u\n}\n"
            "chain through {\ntype filter hook forward priority filter\noifname \"%s\" drop\n}\n"
            "chain out {\ntype filter hook output priority filter\n"
            "oifname \"%s\" %s saddr %s udp dport %u accept\noifname \"%s\" drop\n}\n}\n",
            table, table, table, WIREGUARD_MARK, link, family, local, wish->port, link, link, WIREGUARD_MARK, link,
            link, family, local, wish->port, link);
}

bool
wireguard_barrier_is_set (const struct wireguard *wireguard, uint32_t owner)
{
  char table[64];
  name_table (owner, table);
  return json_object_get (wireguard->tables->tables, table) != NULL;
}

bool
wireguard_barrier_find (const struct wireguard *wireguard, uint32_t *owner)
{
  const char *table;
  json_t *keep;
  json_object_foreach (wireguard->tables->tables, table, keep)
  {
    bool is_ours = strncmp (table, PREFIX, strlen (PREFIX)) == 0;
    if (is_ours && ipsec_parse_owner (table + strlen (PREFIX), owner))
      return true;
  }
  return false;
}

int
wireguard_barrier_set (struct wireguard *wireguard, const struct wireguard_wish *wish, const char *link,
                       struct tss_error *error)
{
  char table[64], script[SCRIPT_SIZE];
  name_table (wish->owner, table);
  write_script (wish, link, table, script);
  struct kept_tables *tables = wireguard->tables;
  tss_autojson json_t *keep = json_pack ("{s:s,s:s}", "table", table, "script", script);
  if (wireguard->is_barrier_up && json_equal (json_object_get (tables->tables, table), keep))
    return 0;
  wireguard->is_barrier_up = kept_tables_set (tables, keep, error) == 0 && nft_run (tables->nft, script, error) == 0;
  return wireguard->is_barrier_up ? 0 : -1;
}

int
wireguard_barrier_remove (struct wireguard *wireguard, uint32_t owner, struct tss_error *error)
{
  char table[64], script[256];
  name_table (owner, table);
  tss_autojson json_t *keep = json_pack ("{s:s,s:n}", "table", table, "script");
  snprintf (script, sizeof script, "table %s\ndelete table %s\n", table, table);
  wireguard->is_barrier_up = false;
  /* What is kept also says that there is something to take away. */
  return nft_run (wireguard->tables->nft, script, error) < 0 ? -1 : kept_tables_set (wireguard->tables, keep, error);
}
