/* Names of reverse lookups. */
#include "message.h"

#include <stdlib.h>
#include <string.h>

static bool
has_suffix (const char *name, const char *suffix, size_t *stem)
{
  size_t length = strlen (name), tail = strlen (suffix);
  if (length <= tail || strcmp (name + length - tail, suffix) != 0)
    return false;
  *stem = length - tail;
  return true;
}

/* Four decimal numbers, the last one first. */
static bool
parse_octets (const char *name, size_t stem, uint8_t bytes[16])
{
  const char *at = name;
  for (int i = 3; i >= 0; i--)
    {
      char *end;
      unsigned long octet = strtoul (at, &end, 10);
      bool last = i == 0;
      if (*at < '0' || *at > '9' || octet > 255 || (last ? end != name + stem : *end != '.'))
        return false;
      bytes[i] = (uint8_t)octet;
      at = end + 1;
    }
  return true;
}

/* 32 hexadecimal digits, the last one first. */
static bool
parse_nibbles (const char *name, size_t stem, uint8_t bytes[16])
{
  if (stem != 63)
    return false;
  for (size_t i = 0; i < 32; i++)
    {
      const char *digits = "0123456789abcdef";
      const char *digit = strchr (digits, name[i * 2]);
      if (digit == NULL || (i < 31 && name[i * 2 + 1] != '.'))
        return false;
      bytes[15 - i / 2] |= (uint8_t)((digit - digits) << (i % 2 * 4));
    }
  return true;
}

bool
dns_parse_reverse (const char *name, struct address *address)
{
  size_t stem;
  memset (address, 0, sizeof *address);
  if (has_suffix (name, ".in-addr.arpa", &stem))
    {
      address->family = AF_INET;
      return parse_octets (name, stem, address->bytes);
    }
  address->family = AF_INET6;
  return has_suffix (name, ".ip6.arpa", &stem) && parse_nibbles (name, stem, address->bytes);
}
