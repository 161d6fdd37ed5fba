/* nftables through libnftables. A context stays in the network namespace that it was opened in. */
#ifndef TSSTACK_NET_NFT_H
#define TSSTACK_NET_NFT_H

#include "../common/error.h"

#include <jansson.h>
#include <nftables/libnftables.h>

struct nft
{
  struct nft_ctx *context;
};

int nft_open (struct nft *nft, struct tss_error *error);
void nft_close (struct nft *nft);

/* One atomic transaction. */
int nft_run (struct nft *nft, const char *script, struct tss_error *error);

/* Runs a list command; *ENTRIES is the array "nftables" of the answer and belongs to the caller. */
int nft_list (struct nft *nft, const char *command, json_t **entries, struct tss_error *error);

#endif
