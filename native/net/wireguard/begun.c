#include "begun.h"
#include "../memory.h"

/* Between REKEY_TIMEOUT (5 s and up to a third) and the sum of KEEPALIVE_TIMEOUT and that, of WireGuard. */
#define ROW_MS 10000

/* The first, and three that the kernel has repeated. */
#define MOST_MS 14000

struct wireguard_begun_row
{
  struct address host;
  bool is_begun;
  uint64_t first_ms, last_ms;
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
  if (!row->is_begun || now_ms - row->last_ms > ROW_MS)
    row->first_ms = now_ms;
  row->last_ms = now_ms;
  row->is_begun = now_ms - row->first_ms < MOST_MS;
  *since_ms = row->first_ms;
  return !row->is_begun;
}

void
wireguard_begun_clear (struct wireguard_begun *begun)
{
  buffer_free (&begun->all);
  *begun = (struct wireguard_begun){ 0 };
}
