/* nftables tables of the agent, kept as scripts: restored when another program has flushed them. */
#ifndef TSSTACK_NET_KEPT_TABLES_H
#define TSSTACK_NET_KEPT_TABLES_H

#include "nft.h"
#include "state.h"

struct kept_tables
{
  struct nft *nft;
  struct state *state;
  json_t *tables; /* "inet tsstack-0a1b2c3d" -> {"table", "script"} */
};

/* Reads what the predecessor kept. The caller has set nft and state. */
int kept_tables_open (struct kept_tables *kept, struct tss_error *error);
void kept_tables_close (struct kept_tables *kept);

/* KEEP: {"table": family and name, "script": what makes it anew, or null for a table that is no more}. */
int kept_tables_set (struct kept_tables *kept, const json_t *keep, struct tss_error *error);

/* Makes those that do not exist. */
int kept_tables_restore (struct kept_tables *kept, struct tss_error *error);

#endif
