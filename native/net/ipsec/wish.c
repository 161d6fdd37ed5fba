#include "wish.h"
#include "../fields.h"
#include "../memory.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ASSOCIATIONS 65536
/* Lower ones are reserved (RFC 4303, section 2.1). */
#define LEAST_SPI 256

bool
ipsec_parse_owner (const char *text, uint32_t *owner)
{
  char *end;
  if (strlen (text) != 8 || strspn (text, "0123456789abcdef") != 8)
    return false;
  *owner = (uint32_t)strtoul (text, &end, 16);
  return *owner != 0;
}

static int
parse_association (const json_t *entry, const struct address *local, struct ipsec_association *association,
                   struct tss_error *error)
{
  json_int_t spi;
  if (field_address (entry, "source", &association->source, error) < 0
      || field_address (entry, "destination", &association->destination, error) < 0
      || field_integer (entry, "spi", LEAST_SPI, UINT32_MAX, &spi, error) < 0
      || field_bytes (entry, "key", association->key, IPSEC_KEY_SIZE, error) < 0)
    return -1;
  association->spi = (uint32_t)spi;
  if (association->source.family != association->destination.family
      || address_equal (&association->source, local) == address_equal (&association->destination, local))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "source",
                          "field source: either this or destination has to be the address of this host");
  return 0;
}

int
ipsec_read_owner (const json_t *request, const char **name, uint32_t *owner, struct tss_error *error)
{
  if (field_id (request, "owner", name, error) < 0)
    return -1;
  if (!ipsec_parse_owner (*name, owner))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "owner", "field owner: expected eight hexadecimal digits");
  return 0;
}

int
ipsec_wish_parse (const json_t *request, struct ipsec_wish *wish, struct tss_error *error)
{
  json_int_t port;
  const json_t *associations;
  *wish = (struct ipsec_wish){ .has_local = field_present (request, "local") };
  if (ipsec_read_owner (request, &wish->owner_name, &wish->owner, error) < 0)
    return -1;
  if (!wish->has_local)
    return 0;
  if (field_address (request, "local", &wish->local, error) < 0
      || field_integer (request, "port", 1, UINT16_MAX, &port, error) < 0
      || field_array (request, "associations", &associations, error) < 0)
    return -1;
  wish->port = (uint16_t)port;
  size_t count = json_array_size (associations);
  if (count > MOST_ASSOCIATIONS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "associations", "field associations: at most %d",
                          MOST_ASSOCIATIONS);
  wish->associations = memory_allocate ((count + 1) * sizeof *wish->associations);
  for (; wish->count < count; wish->count++)
    if (parse_association (json_array_get (associations, wish->count), &wish->local, &wish->associations[wish->count],
                           error)
        < 0)
      {
        ipsec_wish_free (wish);
        return -1;
      }
  return 0;
}

void
ipsec_wish_free (struct ipsec_wish *wish)
{
  if (wish->associations != NULL)
    explicit_bzero (wish->associations, (wish->count + 1) * sizeof *wish->associations);
  free (wish->associations);
  wish->associations = NULL;
}
