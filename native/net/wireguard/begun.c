#include "begun.h"
#include "../memory.h"

/* Between REKEY_TIMEOUT (5 s and up to a third) and the sum of KEEPALIVE_TIMEOUT and that, of WireGuard. */
#define ROW_MS 10000

/* The first, and one each 5 s, until 15 s have passed. */
#define MOST_IN_A_ROW 4

struct wireguard_begun_row
{
  struct address host;
  uint64_t first_ms, last_ms;
  unsigned count;
};

static struct wireguard_begun_row *
row_of (struct wireguard_begun *begun, const struct address *host)
{
  struct wireguard_begun_row none = { .host = *host };
  for (unsigned attempt = 0; attempt < 2; attempt++)
    {
      struct wireguard_begun_row *all = (struct wireguard_begun_row *)(void *)buffer_bytes (&begun->all);
      for (size_t i = 0; i < buffer_length (&begun->all) / sizeof *all; i++)
        if (address_equal (&all[i].host, host))
          return &all[i];
      memory_append (&begun->all, &none, sizeof none);
    }
  return NULL;
}

bool
wireguard_begun_note (struct wireguard_begun *begun, const struct address *host, uint64_t now_ms, uint64_t *since_ms)
{
  struct wireguard_begun_row *row = row_of (begun, host);
  if (row->count == 0 || now_ms - row->last_ms > ROW_MS)
    *row = (struct wireguard_begun_row){ .host = *host, .first_ms = now_ms };
  row->last_ms = now_ms;
  row->count++;
  *since_ms = row->first_ms;
  if (row->count < MOST_IN_A_ROW)
    return false;
  row->count = 0;
  return true;
}

void
wireguard_begun_clear (struct wireguard_begun *begun)
{
  buffer_free (&begun->all);
  *begun = (struct wireguard_begun){ 0 };
}
