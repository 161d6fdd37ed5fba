/* Tells when this host begins a handshake, or answers one. The kernel's WireGuard says so to nobody; its packets are
 * logged (netfilter's log, nfnetlink_log), of which there is one in two minutes for each host where all goes well. */
#ifndef TSSTACK_NET_WIREGUARD_HANDSHAKE_LOG_H
#define TSSTACK_NET_WIREGUARD_HANDSHAKE_LOG_H

#include "../../common/loop.h"
#include "../kept-tables.h"
#include "wish.h"

struct wireguard_handshake_log
{
  struct loop *loop;
  struct kept_tables *tables;
  struct loop_watch socket;
  void (*function) (const struct address *to, void *context);
  void *context;
};

/* The caller has set loop, tables, function and context. */
void wireguard_handshake_log_open (struct wireguard_handshake_log *log);
void wireguard_handshake_log_close (struct wireguard_handshake_log *log);

/* From now on FUNCTION is told of the handshakes of the WireGuard of WISH. Fails where the kernel has no such log, or
 * another program has that group of it. */
int wireguard_handshake_log_follow (struct wireguard_handshake_log *log, const struct wireguard_wish *wish,
                                    struct tss_error *error);
int wireguard_handshake_log_end (struct wireguard_handshake_log *log, uint32_t owner, struct tss_error *error);

#endif
