/* Tells when the nftables rules of this namespace change, whoever changes them. Nothing is polled: the kernel sends
 * messages. */
#ifndef TSSTACK_NET_NFT_WATCH_H
#define TSSTACK_NET_NFT_WATCH_H

#include "../common/loop.h"

struct nft_watch
{
  struct loop *loop;
  struct loop_watch socket;
  struct loop_timer delay; /* collects the changes of one program's run */
  uint64_t first_ms;       /* when the first of them came */
  uint64_t called_ms;      /* when FUNCTION was called last */
  void (*function) (void *context);
  void *context;
};

void nft_watch_open (struct nft_watch *watch, struct loop *loop, void (*function) (void *context), void *context);
void nft_watch_close (struct nft_watch *watch);

/* From now on FUNCTION is called soon after each change of a foreign chain or rule, and after the removal of any table.
 */
int nft_watch_start (struct nft_watch *watch, struct tss_error *error);
void nft_watch_stop (struct nft_watch *watch);

#endif
