/* Which hosts have not answered WireGuard, when that is said, and when it is looked at again. */
#include "../net/memory.h"
#include "../net/wireguard/begun.h"
#include "../net/wireguard/trials.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS (60u * 1000)

static struct wireguard_peer peers[2];

/* Two hosts, the first of which has answered or not. */
static struct wireguard_wish
wish_for (size_t count)
{
  static const char *const texts[] = { "192.0.2.2", "192.0.2.3" };
  for (uint8_t i = 0; i < 2; i++)
    {
      peers[i] = (struct wireguard_peer){ .port = 4793, .key = { i } };
      CHECK (address_parse (texts[i], &peers[i].address));
    }
  return (struct wireguard_wish){ .peers = peers, .count = count };
}

struct said
{
  unsigned count;
  bool is_silent;
};

static void
note (const struct wireguard_trial *trial, void *context)
{
  struct said *said = context;
  said->count++;
  said->is_silent = trial->is_silent;
}

/* A look at NOW_MS, at which those of ANSWERS, bit by bit, have answered; what is said by it. */
static struct said
look (struct wireguard_trials *trials, size_t count, unsigned answers, uint64_t now_ms)
{
  struct said said = { 0 };
  struct wireguard_peers known = { 0 };
  struct wireguard_wish wish = wish_for (count);
  for (size_t i = 0; i < count; i++)
    {
      struct wireguard_known_peer peer = { .peer = peers[i], .has_answered = (answers >> i & 1) != 0 };
      memory_append (&known.known, &peer, sizeof peer);
    }
  wireguard_trials_note (trials, &wish, &known, now_ms, note, &said);
  wireguard_peers_free (&known);
  return said;
}

static size_t
count_silent (const struct wireguard_trials *trials)
{
  json_t *silent = wireguard_trials_silent (trials);
  size_t count = json_array_size (silent);
  json_decref (silent);
  return count;
}

static void
who_answers_is_not_looked_at (void)
{
  struct wireguard_trials trials = { 0 };
  CHECK (look (&trials, 2, 3, 1000).count == 0);
  CHECK (wireguard_trials_wait (&trials, 1000) == 0);
  CHECK (look (&trials, 2, 1, 2000).count == 0);
  CHECK (wireguard_trials_wait (&trials, 2000) == 50);
  CHECK (wireguard_trials_wait (&trials, 2400) == 400);
  CHECK (look (&trials, 2, 3, 2400).count == 0);
  CHECK (wireguard_trials_wait (&trials, 2400) == 0);
}

static void
silence_is_said_once_and_so_is_its_end (void)
{
  struct wireguard_trials trials = { 0 };
  CHECK (look (&trials, 2, 1, 1000).count == 0);
  CHECK (look (&trials, 2, 1, 15999).count == 0);
  CHECK (count_silent (&trials) == 0);
  CHECK (wireguard_trials_wait (&trials, 15999) == 1);
  struct said said = look (&trials, 2, 1, 16000);
  CHECK (said.count == 1 && said.is_silent);
  CHECK (count_silent (&trials) == 1);
  CHECK (look (&trials, 2, 1, 20000).count == 0);
  said = look (&trials, 2, 3, 30000);
  CHECK (said.count == 1 && !said.is_silent);
  CHECK (count_silent (&trials) == 0);
}

/* What has been answered elsewhere, or with another key, is none. */
static void
others_are_on_trial_anew (void)
{
  struct wireguard_trials trials = { 0 };
  struct said said = { 0 };
  struct wireguard_peers known = { 0 };
  struct wireguard_wish wish = wish_for (2);
  struct wireguard_known_peer elsewhere = { .peer = peers[0], .has_answered = true };
  elsewhere.peer.port++;
  memory_append (&known.known, &elsewhere, sizeof elsewhere);
  wireguard_trials_note (&trials, &wish, &known, 1000, note, &said);
  CHECK (buffer_length (&trials.all) == 2 * sizeof (struct wireguard_trial));
  wireguard_peers_free (&known);
  /* One that is not to be reached any more is forgotten. */
  CHECK (look (&trials, 1, 0, 2000).count == 0);
  CHECK (buffer_length (&trials.all) == sizeof (struct wireguard_trial));
  wireguard_trials_clear (&trials);
}

/* From the first handshake to the last of those that are due until UNTIL_MS, which is set; how many there were. */
static unsigned
count_attempts (uint64_t until_ms)
{
  struct wireguard_trials trials = { 0 };
  struct wireguard_kernel kernel = { .generic.fd = -1 };
  unsigned attempts = 0;
  uint64_t now_ms = 1000;
  for (look (&trials, 1, 0, now_ms); now_ms < until_ms; now_ms += wireguard_trials_wait (&trials, now_ms))
    {
      /* Nobody is there to take it. */
      attempts += wireguard_trials_repeat (&trials, &kernel, "tswg-0a1b2c3d", now_ms, NULL) < 0;
      look (&trials, 1, 0, now_ms);
      CHECK (wireguard_trials_wait (&trials, now_ms) > 0);
    }
  wireguard_trials_clear (&trials);
  return attempts;
}

static void
attempts_become_rare (void)
{
  CHECK (count_attempts (4 * MINUTE_MS) == 0);
  CHECK (count_attempts (6 * MINUTE_MS) == 1);
  CHECK (count_attempts (60 * MINUTE_MS) == 4);
  CHECK (count_attempts (24 * 60 * MINUTE_MS) <= 4 + 24);
}

/* By the host with the greater address; the other one leaves it to that. */
static void
one_of_two_begins_anew (void)
{
  for (unsigned greater = 0; greater < 2; greater++)
    {
      struct wireguard_trials trials = { 0 };
      struct wireguard_peers none = { 0 };
      struct wireguard_kernel kernel = { .generic.fd = -1 };
      struct wireguard_wish wish = wish_for (1);
      CHECK (address_parse (greater ? "192.0.2.200" : "192.0.2.1", &wish.local));
      wireguard_trials_note (&trials, &wish, &none, 1000, note, NULL);
      CHECK (wireguard_trials_wait (&trials, 2600) == (greater ? 400 : 1600));
      CHECK (wireguard_trials_repeat (&trials, &kernel, "tswg-0a1b2c3d", 2999, NULL) == 0);
      /* Nobody is there to take it. */
      CHECK (wireguard_trials_repeat (&trials, &kernel, "tswg-0a1b2c3d", 3000, NULL) == (greater ? -1 : 0));
      CHECK (wireguard_trials_repeat (&trials, &kernel, "tswg-0a1b2c3d", 3001, NULL) == 0);
      CHECK (wireguard_trials_wait (&trials, 3001) == (greater ? 50 : 2001));
      wireguard_trials_clear (&trials);
    }
}

/* Where all goes well there is one after 15 s at the least, and one each 5 s, in rows of their own, with hosts that do
 * not answer. */
static void
handshakes_in_a_row_are_counted (void)
{
  struct wireguard_begun begun = { 0 };
  struct address host, other;
  uint64_t since_ms = 0, now_ms = 1000;
  CHECK (address_parse ("192.0.2.2", &host) && address_parse ("2001:db8::2", &other));
  for (unsigned i = 0; i < 20; i++, now_ms += 15000)
    CHECK (!wireguard_begun_note (&begun, &host, now_ms, &since_ms));
  uint64_t first_ms = now_ms;
  for (unsigned i = 0; i < 3; i++, now_ms += 5300)
    {
      CHECK (!wireguard_begun_note (&begun, &host, now_ms, &since_ms));
      CHECK (!wireguard_begun_note (&begun, &other, now_ms + 1, &since_ms));
    }
  CHECK (wireguard_begun_note (&begun, &host, now_ms, &since_ms));
  CHECK (since_ms == first_ms);
  CHECK (!wireguard_begun_note (&begun, &host, now_ms + 5000, &since_ms));
  CHECK (since_ms == now_ms + 5000);
  wireguard_begun_clear (&begun);
}

/* It is on trial since it was first sent one, and so is silent at once. */
static void
who_answers_no_more_is_silent_at_once (void)
{
  struct wireguard_trials trials = { 0 };
  CHECK (look (&trials, 2, 3, 1000).count == 0);
  CHECK (!wireguard_trials_have (&trials, &peers[1]));
  wireguard_trials_add (&trials, &peers[1], 1000, 17000);
  CHECK (wireguard_trials_have (&trials, &peers[1]));
  struct said said = look (&trials, 2, 1, 17000);
  CHECK (said.count == 1 && said.is_silent);
  wireguard_trials_clear (&trials);
}

int
main (void)
{
  memory_prepare ();
  who_answers_is_not_looked_at ();
  silence_is_said_once_and_so_is_its_end ();
  others_are_on_trial_anew ();
  attempts_become_rare ();
  one_of_two_begins_anew ();
  handshakes_in_a_row_are_counted ();
  who_answers_no_more_is_silent_at_once ();
  return check_finish ("net-wireguard-trials");
}
