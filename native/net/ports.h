/* Published ports of the host, reserved by sockets that are bound and do not listen: they keep other programs away,
 * while nftables takes the packets before a socket could see them. */
#ifndef TSSTACK_NET_PORTS_H
#define TSSTACK_NET_PORTS_H

#include "map.h"
#include "state.h"

struct ports
{
  struct map by_id; /* struct port_set */
  struct state *state;
};

/* The request ports.reserve: replaces the ports of an id by the given ones, or changes nothing. *RESULT: the ports that
 * it has now, in the order of the request. With "from", ports of the same number become its own instead of being in its
 * way. */
int ports_reserve (struct ports *ports, const json_t *request, json_t **result, struct tss_error *error);
int ports_release (struct ports *ports, const json_t *request, struct tss_error *error);

/* The ids that have ports. */
json_t *ports_list (struct ports *ports);

/* Reserves again what the predecessor held. */
int ports_restore (struct ports *ports, struct tss_error *error);
void ports_close (struct ports *ports);

#endif
