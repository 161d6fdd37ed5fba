#include "ports.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "memory.h"
#include "port-socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define STATE_KIND "ports"
#define MOST_PORTS 4096
#define FIRST_EPHEMERAL 32768 /* the kernel's default range */
#define LAST_EPHEMERAL 60999

struct port
{
  int protocol;
  struct address address;
  bool both;            /* every address of both families; ADDRESS is then the wildcard of IPv6 */
  uint16_t first, last; /* asked for; 0 and 0: any */
  uint16_t number;      /* reserved */
  int fd;               /* -1: not reserved */
};

struct port_set
{
  size_t count;
  struct port ports[];
};

static struct port_set *
port_set_new (size_t count)
{
  struct port_set *set = memory_allocate (sizeof *set + count * sizeof set->ports[0]);
  set->count = count;
  for (size_t i = 0; i < count; i++)
    set->ports[i].fd = -1;
  return set;
}

static void
port_set_free (void *value)
{
  struct port_set *set = value;
  for (size_t i = 0; set != NULL && i < set->count; i++)
    tss_close (&set->ports[i].fd);
  free (set);
}

static const char *
protocol_name (int protocol)
{
  return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "sctp";
}

/* 0 for a name that is none of ours. */
static int
parse_protocol (const char *name)
{
  static const int protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
  for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
    if (strcmp (name, protocol_name (protocols[i])) == 0)
      return protocols[i];
  return 0;
}

/* "*" is every address of both families. */
static int
parse_host (const json_t *object, struct port *port, struct tss_error *error)
{
  const char *text = json_string_value (json_object_get (object, "hostIp"));
  port->both = text != NULL && strcmp (text, "*") == 0;
  return port->both ? !address_parse ("::", &port->address) : field_address (object, "hostIp", &port->address, error);
}

static void
format_host (const struct port *port, char text[ADDRESS_TEXT_SIZE])
{
  if (port->both)
    strcpy (text, "*");
  else
    address_format (&port->address, text);
}

static int
parse_port (const json_t *object, struct port *port, struct tss_error *error)
{
  const char *protocol;
  json_int_t first, last;
  if (field_string (object, "protocol", &protocol, error) < 0 || parse_host (object, port, error) < 0
      || field_integer (object, "port", 0, 65535, &first, error) < 0)
    return -1;
  port->protocol = parse_protocol (protocol);
  if (port->protocol == 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "protocol", "field protocol: expected tcp, udp or sctp");
  last = first;
  if (field_present (object, "last") && field_integer (object, "last", first, 65535, &last, error) < 0)
    return -1;
  port->first = (uint16_t)first;
  port->last = (uint16_t)last;
  return 0;
}

static bool
is_same_wish (const struct port *a, const struct port *b)
{
  return a->protocol == b->protocol && a->first == b->first && a->last == b->last && a->both == b->both
         && a->address.family == b->address.family
         && memcmp (a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

struct search
{
  const struct port *port;
  uint16_t number;
  const char *id;
};

static void
match_set (const char *id, void *value, void *context)
{
  struct search *search = context;
  const struct port_set *set = value;
  for (size_t i = 0; i < set->count; i++)
    if (set->ports[i].protocol == search->port->protocol && set->ports[i].number == search->number
        && port_addresses_overlap (&set->ports[i].address, &search->port->address))
      search->id = id;
}

/* Where the kernel has no SCTP of its own there is no socket to keep others away with, and nobody that could have one:
 * only our own containers count. The descriptor says no more than that the port is reserved. */
static int
reserve_without_socket (struct ports *ports, struct port *port, uint16_t number)
{
  unsigned first = number == 0 ? FIRST_EPHEMERAL : number, last = number == 0 ? LAST_EPHEMERAL : number;
  for (unsigned candidate = first; candidate <= last; candidate++)
    {
      struct search search = { .port = port, .number = (uint16_t)candidate };
      map_each (&ports->by_id, match_set, &search);
      if (search.id != NULL)
        continue;
      port->number = (uint16_t)candidate;
      return eventfd (0, EFD_CLOEXEC);
    }
  errno = EADDRINUSE;
  return -1;
}

static int
open_port (struct ports *ports, struct port *port, uint16_t number, bool share)
{
  port->number = number;
  int fd = port_socket_open (port->protocol, &port->address, port->both, &port->number, share);
  if (fd < 0 && port->protocol == IPPROTO_SCTP && errno == EPROTONOSUPPORT)
    return reserve_without_socket (ports, port, number);
  return fd;
}

/* Tries one number. -1: in use, or an error that has been reported (ERROR is set). */
static int
try_number (struct ports *ports, struct port *port, uint16_t number, struct tss_error *error)
{
  char owner[128], host[ADDRESS_TEXT_SIZE];
  struct search search = { .port = port, .number = number };
  port->fd = open_port (ports, port, number, false);
  if (port->fd >= 0)
    return 0;
  int failure = errno;
  format_host (port, host);
  if (failure != EADDRINUSE)
    return tss_error_set (error, TSS_ERROR_NETWORK, failure, NULL, "publish port %s:%u/%s", host, number,
                          protocol_name (port->protocol));
  map_each (&ports->by_id, match_set, &search);
  if (search.id != NULL)
    snprintf (owner, sizeof owner, "container %.100s", search.id);
  else if (!port_find_owner (port->protocol, &port->address, number, owner, sizeof owner))
    {
      port->fd = open_port (ports, port, number, port->protocol == IPPROTO_TCP);
      if (port->fd >= 0)
        return 0;
      snprintf (owner, sizeof owner, "another program");
    }
  return tss_error_set (error, TSS_ERROR_EXISTS, 0, owner, "publish port %s:%u/%s: already in use by %s", host, number,
                        protocol_name (port->protocol), owner);
}

static int
reserve_port (struct ports *ports, struct port *port, struct tss_error *error)
{
  for (unsigned number = port->first; number < port->last; number++)
    {
      if (try_number (ports, port, (uint16_t)number, error) == 0)
        return 0;
      if (error->code != TSS_ERROR_EXISTS)
        return -1;
    }
  if (try_number (ports, port, port->last, error) == 0)
    return 0;
  if (port->first == port->last || error->code != TSS_ERROR_EXISTS)
    return -1;
  char owner[256];
  snprintf (owner, sizeof owner, "%s", error->path);
  return tss_error_set (error, TSS_ERROR_EXISTS, 0, owner, "publish a port of %u-%u/%s: all in use, the last one by %s",
                        port->first, port->last, protocol_name (port->protocol), owner);
}

/* Moves what the former set has already got into the new one. */
static void
take_over (struct port_set *before, struct port_set *after)
{
  for (size_t i = 0; i < after->count; i++)
    for (size_t j = 0; before != NULL && j < before->count && after->ports[i].fd < 0; j++)
      if (before->ports[j].fd >= 0 && is_same_wish (&before->ports[j], &after->ports[i]))
        {
          after->ports[i] = before->ports[j];
          before->ports[j].fd = -1;
        }
}

/* The port of FROM that PORT is to be: the same number at the same addresses. NULL: none. */
static struct port *
find_heirloom (struct port_set *from, const struct port *port)
{
  for (size_t i = 0; from != NULL && i < from->count; i++)
    {
      const struct port *candidate = &from->ports[i];
      if (candidate->fd >= 0 && candidate->protocol == port->protocol && candidate->number == port->first
          && port->first == port->last && candidate->both == port->both
          && candidate->address.family == port->address.family
          && memcmp (candidate->address.bytes, port->address.bytes, sizeof port->address.bytes) == 0)
        return &from->ports[i];
    }
  return NULL;
}

/* Comes last, when nothing can fail any more. What another one has taken leaves FROM. */
static void
inherit (struct port_set *from, struct port_set *after)
{
  for (size_t i = 0; i < after->count; i++)
    {
      struct port *heirloom = after->ports[i].fd < 0 ? find_heirloom (from, &after->ports[i]) : NULL;
      if (heirloom == NULL)
        continue;
      after->ports[i].fd = heirloom->fd;
      *heirloom = from->ports[--from->count];
    }
}

static json_t *
describe_set (const struct port_set *set)
{
  json_t *list = json_array ();
  for (size_t i = 0; i < set->count; i++)
    {
      const struct port *port = &set->ports[i];
      char host[ADDRESS_TEXT_SIZE];
      format_host (port, host);
      json_array_append_new (list, json_pack ("{s:s,s:s,s:i,s:i,s:i}", "protocol", protocol_name (port->protocol),
                                              "hostIp", host, "port", port->number, "wantedFirst", port->first,
                                              "wantedLast", port->last));
    }
  return list;
}

static int
parse_set (const json_t *request, struct port_set **set, struct tss_error *error)
{
  const json_t *list;
  if (field_array (request, "ports", &list, error) < 0)
    return -1;
  size_t count = json_array_size (list);
  if (count > MOST_PORTS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "ports", "field ports: at most %d", MOST_PORTS);
  *set = port_set_new (count);
  for (size_t i = 0; i < count; i++)
    if (parse_port (json_array_get (list, i), &(*set)->ports[i], error) < 0)
      {
        port_set_free (*set);
        return -1;
      }
  return 0;
}

/* Undoes `fill`. */
static void
give_back (struct port_set *before, struct port_set *after)
{
  if (before != NULL)
    take_over (after, before);
  port_set_free (after);
}

/* Reserves what AFTER lacks and does not get from FROM. */
static int
fill (struct ports *ports, struct port_set *before, struct port_set *from, struct port_set *after,
      struct tss_error *error)
{
  take_over (before, after);
  for (size_t i = 0; i < after->count; i++)
    {
      struct port *port = &after->ports[i];
      if (port->fd < 0 && find_heirloom (from, port) != NULL)
        port->number = port->first;
      else if (port->fd < 0 && reserve_port (ports, port, error) < 0)
        return -1;
    }
  return 0;
}

static int
write_set (struct ports *ports, const char *id, const struct port_set *set, struct tss_error *error)
{
  tss_autojson json_t *spec = json_pack ("{s:s,s:o}", "id", id, "ports", describe_set (set));
  return state_write (ports->state, STATE_KIND, id, spec, error);
}

int
ports_reserve (struct ports *ports, const json_t *request, json_t **result, struct tss_error *error)
{
  const char *id, *from_id = NULL;
  struct port_set *after = NULL;
  if (field_id (request, "id", &id, error) < 0
      || (field_present (request, "from") && field_id (request, "from", &from_id, error) < 0)
      || parse_set (request, &after, error) < 0)
    return -1;
  struct port_set *before = map_get (&ports->by_id, id);
  struct port_set *from = from_id == NULL || strcmp (from_id, id) == 0 ? NULL : map_get (&ports->by_id, from_id);
  if (fill (ports, before, from, after, error) < 0 || write_set (ports, id, after, error) < 0)
    {
      give_back (before, after);
      return -1;
    }
  inherit (from, after);
  map_set (&ports->by_id, id, after);
  port_set_free (before);
  *result = describe_set (after);
  return from == NULL ? 0 : write_set (ports, from_id, from, error);
}

int
ports_release (struct ports *ports, const json_t *request, struct tss_error *error)
{
  const char *id;
  if (field_id (request, "id", &id, error) < 0)
    return -1;
  if (state_remove (ports->state, STATE_KIND, id, error) < 0)
    return -1;
  port_set_free (map_remove (&ports->by_id, id));
  return 0;
}

static void
add_id (const char *id, void *value, void *context)
{
  (void)value;
  json_array_append_new (context, json_string (id));
}

json_t *
ports_list (struct ports *ports)
{
  json_t *ids = json_array ();
  map_each (&ports->by_id, add_id, ids);
  return ids;
}

/* The number in use is asked for; the range that it came from is kept, so that a repeated request finds it. A port that
 * another program has taken meanwhile stays published, because rules come before sockets. */
static void
restore (const char *id, json_t *spec, void *context)
{
  struct ports *ports = context;
  const json_t *list = json_object_get (spec, "ports");
  struct port_set *set = port_set_new (json_array_size (list));
  for (size_t i = 0; i < set->count; i++)
    {
      struct tss_error error = { 0 };
      const json_t *entry = json_array_get (list, i);
      struct port *port = &set->ports[i];
      if (parse_port (entry, port, &error) == 0 && try_number (ports, port, port->first, &error) < 0)
        fprintf (stderr, "tsstack-net: %s\n", error.message);
      port->first = (uint16_t)json_integer_value (json_object_get (entry, "wantedFirst"));
      port->last = (uint16_t)json_integer_value (json_object_get (entry, "wantedLast"));
    }
  map_set (&ports->by_id, id, set);
}

int
ports_restore (struct ports *ports, struct tss_error *error)
{
  return state_each (ports->state, STATE_KIND, restore, ports, error);
}

void
ports_close (struct ports *ports)
{
  map_clear (&ports->by_id, port_set_free);
}
