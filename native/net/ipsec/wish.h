/* The request ipsec.set, read. */
#ifndef TSSTACK_NET_IPSEC_WISH_H
#define TSSTACK_NET_IPSEC_WISH_H

#include "message.h"

#include <jansson.h>

struct ipsec_wish
{
  const char *owner_name; /* belongs to the request */
  uint32_t owner;
  bool has_local; /* without an address of this host nothing is to be encrypted any more */
  struct address local;
  uint16_t port;
  struct ipsec_association *associations;
  size_t count;
};

int ipsec_wish_parse (const json_t *request, struct ipsec_wish *wish, struct tss_error *error);

/* The eight hexadecimal digits that tell the daemons of one machine apart, as a number; false if they are none. */
bool ipsec_parse_owner (const char *text, uint32_t *owner);

/* The owner that a request names, as it stands there and as a number; the text belongs to the request. */
int ipsec_read_owner (const json_t *request, const char **name, uint32_t *owner, struct tss_error *error);

/* Forgets the keys as well. */
void ipsec_wish_free (struct ipsec_wish *wish);

#endif
