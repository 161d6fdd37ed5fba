/* Handshakes that this host begins, and that it answers. The kernel repeats one that is not answered each 5 s, for as
 * long as there is something to send, and the other end answers each of them where it is only the answers that are
 * lost; after one that is complete the next comes after two minutes, or 15 s at the least. */
#ifndef TSSTACK_NET_WIREGUARD_BEGUN_H
#define TSSTACK_NET_WIREGUARD_BEGUN_H

#include "../../common/buffer.h"
#include "../address.h"

#include <stdint.h>

struct wireguard_begun
{
  struct buffer all; /* struct wireguard_begun_row */
};

/* Takes note of one with HOST at NOW_MS. True when it is the last of a row, the first of which was at *SINCE_MS, so
 * long that the host is known not to answer; a new row begins then. */
bool wireguard_begun_note (struct wireguard_begun *begun, const struct address *host, uint64_t now_ms,
                           uint64_t *since_ms);

void wireguard_begun_clear (struct wireguard_begun *begun);

#endif
