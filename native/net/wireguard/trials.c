#include "trials.h"
#include "../memory.h"

#include <string.h>

/* An answer is there after one way to the other host and back, if that one has heard of this one by then. */
#define FIRST_LOOK_MS 50

/* Two hosts that begin at the same time take what the other one has sent for the newer handshake, and both are lost; so
 * are the next ones, as the kernels repeat them with hardly more than the same pause (REKEY_TIMEOUT, and up to a third
 * of a second) while a packet is on its way. One of the two begins anew by itself, far from both. */
#define AGAIN_MS 2000

/* Three attempts of the kernel, one each 5 s (REKEY_TIMEOUT), are no passing loss any more. */
#define SILENT_MS 15000

/* From one handshake to the next, of which the kernel gives up each after 90 s: as long as there has been no answer,
 * between these. */
#define LEAST_PAUSE_MS (5u * 60 * 1000)
#define MOST_PAUSE_MS (60u * 60 * 1000)

static struct wireguard_trial *
all_trials (const struct wireguard_trials *trials, size_t *count)
{
  *count = buffer_length (&trials->all) / sizeof (struct wireguard_trial);
  return (struct wireguard_trial *)(void *)buffer_bytes (&trials->all);
}

static const struct wireguard_trial *
find_trial (const struct wireguard_trials *trials, const struct wireguard_peer *peer)
{
  size_t count;
  const struct wireguard_trial *all = all_trials (trials, &count);
  for (size_t i = 0; i < count; i++)
    if (memcmp (all[i].peer.key, peer->key, WG_KEY_LEN) == 0 && address_equal (&all[i].peer.address, &peer->address)
        && all[i].peer.port == peer->port)
      return &all[i];
  return NULL;
}

/* Of two hosts one does, and both know which. */
static bool
begins_anew (const struct wireguard_wish *wish, const struct wireguard_peer *peer)
{
  return memcmp (wish->local.bytes, peer->address.bytes, address_size (&peer->address)) > 0;
}

void
wireguard_trials_note (struct wireguard_trials *trials, const struct wireguard_wish *wish,
                       const struct wireguard_peers *peers, uint64_t now_ms, wireguard_trial_news news, void *context)
{
  struct wireguard_trials next = { 0 };
  for (size_t i = 0; i < wish->count; i++)
    {
      struct wireguard_trial trial = { .peer = wish->peers[i], .since_ms = now_ms, .tried_ms = now_ms };
      const struct wireguard_trial *before = find_trial (trials, &trial.peer);
      bool has_answered = wireguard_peers_have_answer (peers, &trial.peer);
      if (before != NULL)
        trial = *before;
      else if (begins_anew (wish, &trial.peer))
        trial.again_ms = now_ms + AGAIN_MS;
      trial.is_silent = !has_answered && now_ms - trial.since_ms >= SILENT_MS;
      if (before != NULL && trial.is_silent != before->is_silent)
        news (&trial, context);
      if (!has_answered)
        memory_append (&next.all, &trial, sizeof trial);
    }
  wireguard_trials_clear (trials);
  *trials = next;
}

void
wireguard_trials_add (struct wireguard_trials *trials, const struct wireguard_peer *peer, uint64_t since_ms,
                      uint64_t now_ms)
{
  struct wireguard_trial trial = { .peer = *peer, .since_ms = since_ms, .tried_ms = now_ms };
  memory_append (&trials->all, &trial, sizeof trial);
}

bool
wireguard_trials_have (const struct wireguard_trials *trials, const struct wireguard_peer *peer)
{
  return find_trial (trials, peer) != NULL;
}

static uint64_t
pause_of (const struct wireguard_trial *trial)
{
  uint64_t silence = trial->tried_ms - trial->since_ms;
  if (silence < LEAST_PAUSE_MS)
    return LEAST_PAUSE_MS;
  return silence < MOST_PAUSE_MS ? silence : MOST_PAUSE_MS;
}

/* Seldomer and seldomer, but not too late for what is due. */
static uint64_t
wait_for (const struct wireguard_trial *trial, uint64_t now_ms)
{
  uint64_t age = now_ms - trial->tried_ms, total = now_ms - trial->since_ms;
  uint64_t wait = age < FIRST_LOOK_MS ? FIRST_LOOK_MS : age;
  if (!trial->is_silent && total < SILENT_MS && wait > SILENT_MS - total)
    wait = SILENT_MS - total;
  if (trial->again_ms != 0 && now_ms + wait > trial->again_ms)
    wait = trial->again_ms > now_ms ? trial->again_ms - now_ms : 1;
  if (age + wait > pause_of (trial))
    wait = pause_of (trial) > age ? pause_of (trial) - age : 1;
  return wait;
}

uint64_t
wireguard_trials_wait (const struct wireguard_trials *trials, uint64_t now_ms)
{
  size_t count;
  uint64_t least = 0;
  const struct wireguard_trial *all = all_trials (trials, &count);
  for (size_t i = 0; i < count; i++)
    {
      uint64_t wait = wait_for (&all[i], now_ms);
      if (least == 0 || wait < least)
        least = wait;
    }
  return least;
}

int
wireguard_trials_repeat (struct wireguard_trials *trials, struct wireguard_kernel *kernel, const char *link,
                         uint64_t now_ms, struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  struct wireguard_trial *all = all_trials (trials, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      bool is_second = all[i].again_ms != 0 && now_ms >= all[i].again_ms;
      if (!is_second && now_ms - all[i].tried_ms < pause_of (&all[i]))
        continue;
      all[i].tried_ms = now_ms;
      all[i].again_ms = 0;
      /* The kernel begins none within 5 s of the last one with a peer that it knows. */
      if (is_second)
        wireguard_remove_peer (&batch, kernel->family, link, all[i].peer.key);
      wireguard_peers_greet (&batch, kernel, link, &all[i].peer);
      if (netlink_flush (&kernel->generic, &batch, WIREGUARD_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&kernel->generic, &batch, 1, error);
}

json_t *
wireguard_trials_silent (const struct wireguard_trials *trials)
{
  size_t count;
  const struct wireguard_trial *all = all_trials (trials, &count);
  json_t *addresses = json_array ();
  for (size_t i = 0; i < count; i++)
    {
      char text[ADDRESS_TEXT_SIZE];
      if (!all[i].is_silent)
        continue;
      address_format (&all[i].peer.address, text);
      json_array_append_new (addresses, json_string (text));
    }
  return addresses;
}

void
wireguard_trials_clear (struct wireguard_trials *trials)
{
  buffer_free (&trials->all);
  *trials = (struct wireguard_trials){ 0 };
}
