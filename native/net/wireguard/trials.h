/* Hosts that have not answered WireGuard yet: what goes to them goes by ESP until they do. A packet filter between two
 * hosts may let one pass and not the other; each end finds out for itself, because a handshake takes both directions.
 */
#ifndef TSSTACK_NET_WIREGUARD_TRIALS_H
#define TSSTACK_NET_WIREGUARD_TRIALS_H

#include "peers.h"

#include <jansson.h>

struct wireguard_trial
{
  struct wireguard_peer peer;
  uint64_t since_ms, tried_ms; /* its first handshake was begun, and its last one */
  uint64_t again_ms;           /* when a second one is due that does not cross the other host's; 0: none is */
  bool is_silent;              /* for so long that it has been said */
};

struct wireguard_trials
{
  struct buffer all; /* struct wireguard_trial */
};

/* Told of each host that does not answer, and of each one that does after that. */
typedef void (*wireguard_trial_news) (const struct wireguard_trial *trial, void *context);

/* Makes them those of WISH without an answer in PEERS; one that is new has been greeted now. */
void wireguard_trials_note (struct wireguard_trials *trials, const struct wireguard_wish *wish,
                            const struct wireguard_peers *peers, uint64_t now_ms, wireguard_trial_news news,
                            void *context);

/* One that has answered before does not any more: since SINCE_MS, and greeted again at NOW_MS. */
void wireguard_trials_add (struct wireguard_trials *trials, const struct wireguard_peer *peer, uint64_t since_ms,
                           uint64_t now_ms);

/* Is it one of them already? */
bool wireguard_trials_have (const struct wireguard_trials *trials, const struct wireguard_peer *peer);

/* How long until the next look at what they have answered; 0: there is none to look at. */
uint64_t wireguard_trials_wait (const struct wireguard_trials *trials, uint64_t now_ms);

/* Greets those again that are due for a second handshake, and those whose last one was given up long ago. Only after a
 * look at what they have answered: whoever has would lose its session. */
int wireguard_trials_repeat (struct wireguard_trials *trials, struct wireguard_kernel *kernel, const char *link,
                             uint64_t now_ms, struct tss_error *error);

/* Addresses of those that are known not to answer. */
json_t *wireguard_trials_silent (const struct wireguard_trials *trials);

void wireguard_trials_clear (struct wireguard_trials *trials);

#endif
