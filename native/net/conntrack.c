#include "conntrack.h"
#include "address.h"
#include "fields.h"
#include "memory.h"
#include "netlink.h"
#include "sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MOST_PORTS 4096
#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (type)))
#define DELETIONS_AT_ONCE 32

/* One direction of a flow. */
struct tuple
{
  struct in6_addr source, destination; /* one of IPv4 in the first bytes */
  uint16_t destination_port;           /* in host order */
  uint8_t protocol;
};

/* What is looked for, and where it may lead to. */
struct search
{
  bool (*is_stale) (const struct search *search, const struct tuple *original, const struct tuple *reply);
  const json_t *before, *now; /* port or address of a service -> addresses behind it */
  const json_t *gone;         /* addresses */
  struct buffer found;        /* attributes CTA_TUPLE_ORIG, one after the other */
};

static const struct nlattr *
find_attribute (const void *start, size_t size, uint16_t type)
{
  const char *at = start;
  while (size >= NLA_HDRLEN)
    {
      const struct nlattr *attribute = (const struct nlattr *)at;
      size_t step = NLA_ALIGN (attribute->nla_len);
      if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > size)
        return NULL;
      if ((attribute->nla_type & NLA_TYPE_MASK) == type)
        return attribute;
      if (step >= size)
        return NULL;
      at += step;
      size -= step;
    }
  return NULL;
}

static const struct nlattr *
find_nested (const struct nlattr *outer, uint16_t type)
{
  return outer == NULL ? NULL
                       : find_attribute ((const char *)outer + NLA_HDRLEN, (size_t)outer->nla_len - NLA_HDRLEN, type);
}

/* Zero for what is not there. */
static void
copy_value (const struct nlattr *attribute, void *value, size_t size)
{
  memset (value, 0, size);
  if (attribute != NULL && (size_t)attribute->nla_len >= NLA_HDRLEN + size)
    memcpy (value, (const char *)attribute + NLA_HDRLEN, size);
}

static void
copy_address (const struct nlattr *attribute, struct in6_addr *address)
{
  size_t size = attribute == NULL ? 0 : (size_t)attribute->nla_len - NLA_HDRLEN;
  memset (address, 0, sizeof *address);
  copy_value (attribute, address, size > sizeof *address ? sizeof *address : size);
}

static bool
is_same (const struct in6_addr *a, const struct in6_addr *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}

static struct tuple
read_tuple (const struct nlattr *attribute)
{
  struct tuple tuple;
  const struct nlattr *addresses = find_nested (attribute, CTA_TUPLE_IP);
  const struct nlattr *protocol = find_nested (attribute, CTA_TUPLE_PROTO);
  bool is_ipv6 = find_nested (addresses, CTA_IP_V6_SRC) != NULL;
  copy_address (find_nested (addresses, is_ipv6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC), &tuple.source);
  copy_address (find_nested (addresses, is_ipv6 ? CTA_IP_V6_DST : CTA_IP_V4_DST), &tuple.destination);
  copy_value (find_nested (protocol, CTA_PROTO_NUM), &tuple.protocol, sizeof tuple.protocol);
  copy_value (find_nested (protocol, CTA_PROTO_DST_PORT), &tuple.destination_port, sizeof tuple.destination_port);
  tuple.destination_port = ntohs (tuple.destination_port);
  return tuple;
}

static bool
is_address (const char *text, const struct in6_addr *wanted)
{
  struct address address;
  struct in6_addr bytes = { 0 };
  if (text == NULL || !address_parse (text, &address))
    return false;
  memcpy (&bytes, address.bytes, address_size (&address));
  return is_same (&bytes, wanted);
}

static bool
has_address (const json_t *addresses, const struct in6_addr *wanted)
{
  for (size_t i = 0; i < json_array_size (addresses); i++)
    if (is_address (json_string_value (json_array_get (addresses, i)), wanted))
      return true;
  return false;
}

static const json_t *
find_port (const json_t *ports, uint16_t port)
{
  char text[sizeof "65535"];
  snprintf (text, sizeof text, "%u", port);
  return json_object_get (ports, text);
}

/* Flows that only leave through us, with another source, go to somebody else's port of that number. */
static bool
is_masqueraded_only (const struct tuple *original, const struct tuple *reply)
{
  return is_same (&reply->source, &original->destination) && !is_same (&reply->destination, &original->source);
}

static bool
is_stale_by_port (const struct search *search, const struct tuple *original, const struct tuple *reply)
{
  const json_t *places = find_port (search->now, original->destination_port);
  if (places != NULL && !is_masqueraded_only (original, reply))
    return !has_address (places, &reply->source);
  return find_port (search->now, reply->destination_port) != NULL && has_address (search->gone, &original->source);
}

static bool
is_stale_by_service (const struct search *search, const struct tuple *original, const struct tuple *reply)
{
  const char *service;
  json_t *places;
  json_object_foreach ((json_t *)search->before, service, places)
  {
    if (is_address (service, &original->destination) && has_address (places, &reply->source))
      return !has_address (json_object_get (search->now, service), &reply->source);
  }
  return false;
}

static void
collect (const struct nlmsghdr *message, void *context)
{
  struct search *search = context;
  size_t offset = NLMSG_ALIGN (NLMSG_HDRLEN + sizeof (struct nfgenmsg));
  if (message->nlmsg_len < offset)
    return;
  const char *attributes = (const char *)message + offset;
  const struct nlattr *original_attribute = find_attribute (attributes, message->nlmsg_len - offset, CTA_TUPLE_ORIG);
  if (original_attribute == NULL)
    return;
  struct tuple original = read_tuple (original_attribute);
  struct tuple reply = read_tuple (find_attribute (attributes, message->nlmsg_len - offset, CTA_TUPLE_REPLY));
  if (original.protocol == IPPROTO_UDP && search->is_stale (search, &original, &reply))
    memory_append (&search->found, original_attribute, NLA_ALIGN (original_attribute->nla_len));
}

static void
begin (struct netlink_batch *batch, int family, uint16_t type, uint16_t flags, const char *what)
{
  struct nfgenmsg *header = netlink_begin (batch, MESSAGE (type), flags, sizeof *header, ENOENT, "%s", what);
  header->nfgen_family = (uint8_t)family;
  header->version = NFNETLINK_V0;
}

static int
delete_flows (struct netlink *netlink, int family, struct buffer *found, struct tss_error *error)
{
  while (buffer_length (found) > 0)
    {
      struct netlink_batch batch;
      netlink_batch_init (&batch);
      while (buffer_length (found) > 0 && batch.count < DELETIONS_AT_ONCE)
        {
          const struct nlattr *tuple = (const struct nlattr *)buffer_bytes (found);
          size_t size = NLA_ALIGN (tuple->nla_len);
          begin (&batch, family, IPCTNL_MSG_CT_DELETE, 0, "forget flow");
          memcpy (netlink_put_raw (&batch, size), tuple, size);
          buffer_consume (found, size);
        }
      if (netlink_send (netlink, &batch, error) < 0)
        return -1;
    }
  return 0;
}

static int
forget_family (struct netlink *netlink, int family, struct search *search, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  begin (&batch, family, IPCTNL_MSG_CT_GET, NLM_F_DUMP, "list flows");
  int result = netlink_dump (netlink, &batch, collect, search, error);
  if (result == 0)
    result = delete_flows (netlink, family, &search->found, error);
  buffer_free (&search->found);
  return result;
}

static int
forget (struct search *search, struct tss_error *error)
{
  struct netlink netlink;
  /* A look goes through the table of all namespaces, even for one without any entry. */
  if (sysctl_read ("net/netfilter/nf_conntrack_count") == '0')
    return 0;
  if (netlink_open (&netlink, NETLINK_NETFILTER, error) < 0)
    return -1;
  int result = forget_family (&netlink, AF_INET, search, error);
  if (result == 0)
    result = forget_family (&netlink, AF_INET6, search, error);
  netlink_close (&netlink);
  return result;
}

int
conntrack_forget (const json_t *request, struct tss_error *error)
{
  struct search search = { .is_stale = is_stale_by_port };
  if (field_object (request, "ports", &search.now, error) < 0 || field_array (request, "gone", &search.gone, error) < 0)
    return -1;
  if (json_object_size (search.now) > MOST_PORTS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "ports", "field ports: at most %d", MOST_PORTS);
  return json_object_size (search.now) == 0 ? 0 : forget (&search, error);
}

static bool
is_among (const json_t *text, const json_t *texts)
{
  for (size_t i = 0; i < json_array_size (texts); i++)
    if (json_equal ((json_t *)text, json_array_get (texts, i)))
      return true;
  return false;
}

static bool
has_lost (const json_t *before, const json_t *after)
{
  const char *service;
  json_t *places;
  json_object_foreach ((json_t *)before, service, places)
  {
    for (size_t i = 0; i < json_array_size (places); i++)
      if (!is_among (json_array_get (places, i), json_object_get (after, service)))
        return true;
  }
  return false;
}

int
conntrack_forget_services (const json_t *before, const json_t *after, struct tss_error *error)
{
  struct search search = { .is_stale = is_stale_by_service, .before = before, .now = after };
  return has_lost (before, after) ? forget (&search, error) : 0;
}
