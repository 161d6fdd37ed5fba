/* What names mean: one table per network, and the lookup through the networks of a sandbox. */
#ifndef TSSTACK_NET_DNS_TABLE_H
#define TSSTACK_NET_DNS_TABLE_H

#include "../../common/error.h"
#include "../map.h"
#include "message.h"

#include <jansson.h>

/* All tables, by the id of the network. All zero is empty. */
struct dns_tables
{
  struct map networks;
};

/* NAMES: name -> addresses; REVERSE (or NULL): address -> name. Replaces the table; on an error nothing changes. */
int dns_tables_set (struct dns_tables *tables, const char *network, const json_t *names, const json_t *reverse,
                    struct tss_error *error);
void dns_tables_remove (struct dns_tables *tables, const char *network);
void dns_tables_clear (struct dns_tables *tables);

/* Fills ANSWER from the first of NETWORKS (NULL-terminated) that knows the name of the query; false if none does. */
bool dns_tables_answer (const struct dns_tables *tables, char *const *networks, const struct dns_query *query,
                        struct dns_answer *answer);

#endif
