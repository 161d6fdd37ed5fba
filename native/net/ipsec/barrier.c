#include "barrier.h"
#include "../../common/cleanup.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT_SIZE 1024

void
ipsec_barrier_link (uint32_t owner, char name[LINK_NAME_SIZE])
{
  snprintf (name, LINK_NAME_SIZE, "tswg-%08x", owner);
}

static void
write_script (const struct ipsec_wish *wish, const char *table, char script[SCRIPT_SIZE])
{
  char local[ADDRESS_TEXT_SIZE], link[LINK_NAME_SIZE];
  ipsec_barrier_link (wish->owner, link);
  const char *family = wish->local.family == AF_INET ? "ip" : "ip6";
  address_format (&wish->local, local);
  /* What a container sends to this port of another host would be encrypted like a tunnel's packet and taken for one
   * there, because it leaves with the address of this host. */
  snprintf (script, SCRIPT_SIZE,
            "table %s\ndelete table %s\ntable %s {\n"
            "chain out {\ntype filter hook output priority filter\n"
            "oifname != \"%s\" %s saddr %s udp dport %u rt ipsec missing drop\n}\n"
            "chain in {\ntype filter hook input priority filter\n"
            "iifname != \"%s\" %s daddr %s udp dport %u meta ipsec missing drop\n}\n"
            "chain through {\ntype filter hook forward priority filter\nudp dport %u drop\n}\n}\n",
            table, table, table, link, family, local, wish->port, link, family, local, wish->port, wish->port);
}

static void
name_table (const struct ipsec_wish *wish, char table[64])
{
  snprintf (table, 64, "inet tsstack-ipsec-%08x", wish->owner);
}

bool
ipsec_barrier_is_set (const struct ipsec *ipsec, const struct ipsec_wish *wish)
{
  char table[64];
  name_table (wish, table);
  return json_object_get (ipsec->tables->tables, table) != NULL;
}

int
ipsec_barrier_set (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error)
{
  char table[64], script[SCRIPT_SIZE];
  name_table (wish, table);
  write_script (wish, table, script);
  tss_autojson json_t *keep = json_pack ("{s:s,s:s}", "table", table, "script", script);
  if (ipsec->is_barrier_up && json_equal (json_object_get (ipsec->tables->tables, table), keep))
    return 0;
  ipsec->is_barrier_up = kept_tables_set (ipsec->tables, keep, error) == 0 && nft_run (ipsec->nft, script, error) == 0;
  return ipsec->is_barrier_up ? 0 : -1;
}

int
ipsec_barrier_remove (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error)
{
  char table[64], script[256];
  name_table (wish, table);
  tss_autojson json_t *keep = json_pack ("{s:s,s:n}", "table", table, "script");
  snprintf (script, sizeof script, "table %s\ndelete table %s\n", table, table);
  ipsec->is_barrier_up = false;
  /* What is kept also says that there is something to take away. */
  return nft_run (ipsec->nft, script, error) < 0 ? -1 : kept_tables_set (ipsec->tables, keep, error);
}
