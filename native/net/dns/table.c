#include "table.h"
#include "../fields.h"
#include "../memory.h"
#include "../random.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct record
{
  size_t count;
  struct address addresses[];
};

struct table
{
  struct map names;   /* struct record */
  struct map reverse; /* char */
};

static void
free_table (void *value)
{
  struct table *table = value;
  if (table == NULL)
    return;
  map_clear (&table->names, free);
  map_clear (&table->reverse, free);
  free (table);
}

/* Lower case, without a dot at the end; false if it is no name. */
static bool
normalise (const char *name, char result[DNS_NAME_SIZE])
{
  size_t length = strlen (name);
  if (length > 0 && name[length - 1] == '.')
    length--;
  if (length == 0 || length >= DNS_NAME_SIZE - 2)
    return false;
  for (size_t i = 0; i < length; i++)
    result[i] = (char)tolower ((unsigned char)name[i]);
  result[length] = '\0';
  return true;
}

static int
add_names (struct table *table, const json_t *names, struct tss_error *error)
{
  const char *name;
  json_t *addresses;
  json_object_foreach ((json_t *)names, name, addresses)
  {
    char key[DNS_NAME_SIZE];
    if (!normalise (name, key) || !json_is_array (addresses))
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "names", "set names: %s: expected a name and addresses", name);
    size_t count = json_array_size (addresses);
    struct record *record = memory_allocate (sizeof *record + count * sizeof record->addresses[0]);
    record->count = count;
    free (map_set (&table->names, key, record));
    for (size_t i = 0; i < count; i++)
      if (field_address_at (addresses, i, name, &record->addresses[i], error) < 0)
        return -1;
  }
  return 0;
}

static int
add_reverse (struct table *table, const json_t *reverse, struct tss_error *error)
{
  const char *text;
  json_t *name;
  json_object_foreach ((json_t *)reverse, text, name)
  {
    struct address address;
    char key[ADDRESS_TEXT_SIZE];
    if (!address_parse (text, &address) || !json_is_string (name))
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "reverse", "set names: %s: expected an address and a name",
                            text);
    address_format (&address, key);
    free (map_set (&table->reverse, key, memory_copy_string (json_string_value (name))));
  }
  return 0;
}

int
dns_tables_set (struct dns_tables *tables, const char *network, const json_t *names, const json_t *reverse,
                struct tss_error *error)
{
  struct table *table = memory_allocate (sizeof *table);
  if (add_names (table, names, error) < 0 || add_reverse (table, reverse, error) < 0)
    {
      free_table (table);
      return -1;
    }
  free_table (map_set (&tables->networks, network, table));
  return 0;
}

void
dns_tables_remove (struct dns_tables *tables, const char *network)
{
  free_table (map_remove (&tables->networks, network));
}

void
dns_tables_clear (struct dns_tables *tables)
{
  map_clear (&tables->networks, free_table);
}

static bool
is_wanted (const struct address *address, uint16_t type)
{
  if (type == DNS_TYPE_ANY)
    return true;
  return type == (address->family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA);
}

/* From a random start, in turn: clients that take the first address share the load. */
static void
add_rotated (const struct record *record, uint16_t type, struct dns_answer *answer)
{
  size_t start = record->count > 1 ? random_number () : 0;
  for (size_t i = 0; i < record->count; i++)
    {
      const struct address *address = &record->addresses[(start + i) % record->count];
      if (is_wanted (address, type))
        dns_add_address (answer, address);
    }
}

static bool
answer_reverse (const struct dns_tables *tables, char *const *networks, const struct dns_query *query,
                struct dns_answer *answer)
{
  struct address address;
  char key[ADDRESS_TEXT_SIZE];
  if (!dns_parse_reverse (query->name, &address))
    return false;
  address_format (&address, key);
  for (; *networks != NULL; networks++)
    {
      const struct table *table = map_get (&tables->networks, *networks);
      const char *name = table == NULL ? NULL : map_get (&table->reverse, key);
      if (name == NULL)
        continue;
      if (query->type == DNS_TYPE_PTR || query->type == DNS_TYPE_ANY)
        dns_add_pointer (answer, name);
      return true;
    }
  return false;
}

bool
dns_tables_answer (const struct dns_tables *tables, char *const *networks, const struct dns_query *query,
                   struct dns_answer *answer)
{
  if (query->name[0] == '\0')
    return false;
  for (char *const *network = networks; *network != NULL; network++)
    {
      const struct table *table = map_get (&tables->networks, *network);
      const struct record *record = table == NULL ? NULL : map_get (&table->names, query->name);
      if (record == NULL)
        continue;
      add_rotated (record, query->type, answer);
      return true;
    }
  return answer_reverse (tables, networks, query, answer);
}
