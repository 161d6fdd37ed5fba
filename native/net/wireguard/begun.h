/* Handshakes that this host begins. The kernel repeats one that is not answered each 5 s, for as long as there is
 * something to send; after one that is answered the next comes after two minutes, or 15 s at the least. */
#ifndef TSSTACK_NET_WIREGUARD_BEGUN_H
#define TSSTACK_NET_WIREGUARD_BEGUN_H

#include "../../common/buffer.h"
#include "../address.h"

#include <stdint.h>

struct wireguard_begun
{
  struct buffer all; /* struct wireguard_begun_row */
};

/* Takes note of one to HOST at NOW_MS. True when it is the last of so many in a row, the first of them at *SINCE_MS,
 * that the host is known not to answer; counting begins anew then. */
bool wireguard_begun_note (struct wireguard_begun *begun, const struct address *host, uint64_t now_ms,
                           uint64_t *since_ms);

void wireguard_begun_clear (struct wireguard_begun *begun);

#endif
