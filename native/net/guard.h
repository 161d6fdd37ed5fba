/* Keeps the traffic of our bridges alive beside foreign firewalls: an accept verdict in a table of our own does not
 * override another table's drop, so accept rules have to go where the drop is. */
#ifndef TSSTACK_NET_GUARD_H
#define TSSTACK_NET_GUARD_H

#include "kept-tables.h"
#include "nft-watch.h"
#include "nft.h"
#include "state.h"

struct guard
{
  struct nft *nft;
  struct state *state;
  struct kept_tables *tables;
  json_t *bridges; /* names */
  struct nft_watch watch;
};

/* Reads the set that the predecessor guarded and puts right what has changed since. The caller has set nft, state and
 * tables. */
int guard_open (struct guard *guard, struct loop *loop, struct tss_error *error);

/* Leaves the rules in place. */
void guard_close (struct guard *guard);

/* The request guard. *WARNINGS: what it cannot do, one sentence each; the caller owns it. */
int guard_set (struct guard *guard, const json_t *request, json_t **warnings, struct tss_error *error);

/* Removes all rules; the set is kept for a successor. */
void guard_withdraw (struct guard *guard);

#endif
