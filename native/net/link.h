/* Links, addresses and routes by netlink. */
#ifndef TSSTACK_NET_LINK_H
#define TSSTACK_NET_LINK_H

#include "address.h"
#include "netlink.h"

#include <stdbool.h>

#define LINK_NAME_SIZE 16

/* What a virtual Ethernet pair is made from. */
struct link_pair
{
  const char *host_name; /* its end in the namespace of the netlink socket */
  const char *name;      /* its end in the other namespace */
  int namespace;         /* descriptor */
  unsigned mtu;
  const uint8_t *mac; /* of the other end; NULL: the kernel chooses */
};

/* What shares the wire of a link of the host. */
struct link_on_parent
{
  const char *link, *kind; /* KIND: "macvlan" or "ipvlan" */
  unsigned mode;           /* of that kind */
};

struct link_info
{
  unsigned index;
  char kind[16];
  char alias[256]; /* IFALIASZ; empty for none */
  uint8_t mac[6];
};

/* One link of a listing; ALIAS is NULL for a link without one. */
typedef void (*link_visitor) (const char *name, const char *alias, void *context);

/* False in FOUND's place is no error: *FOUND says whether there is such a link. */
int link_find (struct netlink *netlink, const char *name, struct link_info *info, bool *found, struct tss_error *error);

/* Calls VISITOR for every link of the namespace. */
int link_list (struct netlink *netlink, link_visitor visitor, void *context, struct tss_error *error);

/* The following add requests to a batch. */
void link_add_bridge (struct netlink_batch *batch, const char *name, unsigned mtu, const uint8_t *mac);
/* The alias tells people and us whose link it is; at most 255 bytes. */
void link_set_alias (struct netlink_batch *batch, const char *name, const char *alias);
void link_add_pair (struct netlink_batch *batch, const struct link_pair *pair);
/* As the far end of PAIR, without a near one; PARENT is the index of the link. */
void link_add_on_parent (struct netlink_batch *batch, const struct link_pair *pair, const struct link_on_parent *on,
                         unsigned parent);
/* The number of a mode by its name; false if KIND has none of that name. */
bool link_parse_mode (const char *kind, const char *name, unsigned *mode);
/* MTU 0, MAC NULL: as they are. */
void link_set_up (struct netlink_batch *batch, unsigned index, const char *name, unsigned mtu, const uint8_t *mac);
/* A link that comes up gets no IPv6 address by itself. */
void link_set_no_automatic_address (struct netlink_batch *batch, const char *name);
/* Makes a link a port of the bridge with that index, and brings it up. */
void link_join_bridge (struct netlink_batch *batch, const char *name, unsigned bridge);
/* The same for the port of a container. Isolated ports do not reach each other. */
void link_set_bridge (struct netlink_batch *batch, const char *name, unsigned bridge, bool isolated);
/* A link that has gone is no error. */
void link_set_mtu (struct netlink_batch *batch, const char *name, unsigned mtu);
void link_delete (struct netlink_batch *batch, const char *name);
void link_add_address (struct netlink_batch *batch, unsigned index, const char *name, const struct address *address);
/* One that has gone is no error. */
void link_delete_address (struct netlink_batch *batch, unsigned index, const struct address *address);

/* DESTINATION NULL: the default route. */
void link_add_route (struct netlink_batch *batch, unsigned index, const struct address *destination,
                     const struct address *gateway);

/* Deletes links together: the kernel waits for the end of a grace period once, not once per link. Names that do not
 * exist are skipped. */
int link_delete_all (struct netlink *netlink, const char *const *names, unsigned count, struct tss_error *error);

#endif
