#include "netlink.h"
#include "../common/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel answers at once; this ends a wait that a kernel bug would make eternal. */
#define ANSWER_TIMEOUT_S 10

int
netlink_open (struct netlink *netlink, int protocol, struct tss_error *error)
{
  int one = 1;
  struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
  netlink->sequence = 1;
  netlink->fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (netlink->fd < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "open netlink");
  setsockopt (netlink->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt (netlink->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  setsockopt (netlink->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return 0;
}

void
netlink_close (struct netlink *netlink)
{
  tss_close (&netlink->fd);
  netlink->fd = -1;
}

void
netlink_batch_init (struct netlink_batch *batch)
{
  batch->length = 0;
  batch->count = 0;
  batch->open = NULL;
}

/* Callers build messages of known, small size; running over is a programming error. */
static void *
extend (struct netlink_batch *batch, size_t size)
{
  size_t aligned = NLMSG_ALIGN (size);
  if (batch->length + aligned > sizeof batch->data)
    abort ();
  void *place = memset (batch->data + batch->length, 0, aligned);
  batch->length += aligned;
  if (batch->open != NULL)
    batch->open->nlmsg_len += (uint32_t)aligned;
  return place;
}

void *
netlink_begin (struct netlink_batch *batch, uint16_t type, uint16_t flags, size_t header_size, int tolerated,
               const char *what, ...)
{
  if (batch->count == NETLINK_BATCH_REQUESTS)
    abort ();
  va_list arguments;
  va_start (arguments, what);
  vsnprintf (batch->requests[batch->count].what, sizeof batch->requests[0].what, what, arguments);
  va_end (arguments);
  batch->requests[batch->count++].tolerated = tolerated;

  batch->open = NULL;
  struct nlmsghdr *header = extend (batch, sizeof *header);
  header->nlmsg_len = sizeof *header;
  header->nlmsg_type = type;
  header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
  batch->open = header;
  return extend (batch, header_size);
}

void
netlink_put (struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
  struct nlattr *attribute = extend (batch, NLA_HDRLEN + size);
  attribute->nla_type = type;
  attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
  if (size > 0)
    memcpy ((char *)attribute + NLA_HDRLEN, data, size);
}

void
netlink_put_string (struct netlink_batch *batch, uint16_t type, const char *text)
{
  netlink_put (batch, type, text, strlen (text) + 1);
}

void
netlink_put_u32 (struct netlink_batch *batch, uint16_t type, uint32_t value)
{
  netlink_put (batch, type, &value, sizeof value);
}

void
netlink_put_u8 (struct netlink_batch *batch, uint16_t type, uint8_t value)
{
  netlink_put (batch, type, &value, sizeof value);
}

void *
netlink_put_raw (struct netlink_batch *batch, size_t size)
{
  return extend (batch, size);
}

size_t
netlink_begin_nest (struct netlink_batch *batch, uint16_t type)
{
  size_t start = batch->length;
  netlink_put (batch, type, NULL, 0);
  return start;
}

void
netlink_end_nest (struct netlink_batch *batch, size_t nest)
{
  struct nlattr *attribute = (struct nlattr *)(batch->data + nest);
  attribute->nla_len = (uint16_t)(batch->length - nest);
}

/* The kernel's own sentence about a failure, if it sent one. */
static const char *
extended_message (const struct nlmsghdr *header)
{
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
    return NULL;
  size_t offset = NLMSG_HDRLEN + sizeof (struct nlmsgerr);
  const struct nlmsgerr *answer = NLMSG_DATA (header);
  if (!(header->nlmsg_flags & NLM_F_CAPPED))
    offset += NLMSG_ALIGN (answer->msg.nlmsg_len) - NLMSG_HDRLEN;
  while (offset + NLA_HDRLEN <= header->nlmsg_len)
    {
      const struct nlattr *attribute = (const struct nlattr *)((const char *)header + offset);
      if ((attribute->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
        return (const char *)attribute + NLA_HDRLEN;
      if (attribute->nla_len < NLA_HDRLEN)
        return NULL;
      offset += NLA_ALIGN (attribute->nla_len);
    }
  return NULL;
}

static int
check_answer (const struct nlmsghdr *header, const char *what, int tolerated, struct tss_error *error)
{
  const struct nlmsgerr *answer = NLMSG_DATA (header);
  int number = -answer->error;
  if (number == 0 || number == tolerated)
    return 0;
  const char *detail = extended_message (header);
  return tss_error_set (error, TSS_ERROR_NETWORK, number, NULL, detail == NULL ? "%s" : "%s: %s", what, detail);
}

static ssize_t
receive (struct netlink *netlink, void *data, size_t size, struct tss_error *error)
{
  ssize_t received = TSS_RETRY (recv (netlink->fd, data, size, 0));
  if (received < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "read netlink answer");
  return received;
}

/* Numbers the requests of BATCH and sends them; *FIRST is the number of the first. */
static int
transmit (struct netlink *netlink, struct netlink_batch *batch, uint32_t *first, struct tss_error *error)
{
  *first = netlink->sequence;
  for (size_t offset = 0; offset < batch->length;)
    {
      struct nlmsghdr *header = (struct nlmsghdr *)(batch->data + offset);
      header->nlmsg_seq = netlink->sequence++;
      offset += NLMSG_ALIGN (header->nlmsg_len);
    }
  if (TSS_RETRY (send (netlink->fd, batch->data, batch->length, 0)) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "send netlink request");
  return 0;
}

int
netlink_send (struct netlink *netlink, struct netlink_batch *batch, struct tss_error *error)
{
  uint32_t first;
  if (batch->count == 0)
    return 0;
  if (transmit (netlink, batch, &first, error) < 0)
    return -1;

  int result = 0;
  for (unsigned answered = 0; answered < batch->count;)
    {
      _Alignas(NLMSG_ALIGNTO) char data[16384];
      ssize_t received = receive (netlink, data, sizeof data, result == 0 ? error : NULL);
      if (received < 0)
        return -1;
      int left = (int)received;
      for (struct nlmsghdr *header = (struct nlmsghdr *)data; NLMSG_OK (header, left);
           header = NLMSG_NEXT (header, left))
        {
          uint32_t index = header->nlmsg_seq - first;
          if (header->nlmsg_type != NLMSG_ERROR || index >= batch->count)
            continue; /* left over from an exchange that timed out */
          answered++;
          if (check_answer (header, batch->requests[index].what, batch->requests[index].tolerated,
                            result == 0 ? error : NULL)
              < 0)
            result = -1;
        }
    }
  return result;
}

int
netlink_flush (struct netlink *netlink, struct netlink_batch *batch, unsigned limit, struct tss_error *error)
{
  if (batch->count < limit)
    return 0;
  int result = netlink_send (netlink, batch, error);
  explicit_bzero (batch->data, batch->length);
  netlink_batch_init (batch);
  return result;
}

struct netlink_bytes
netlink_attributes (const struct nlmsghdr *message, size_t header_size)
{
  size_t start = NLMSG_HDRLEN + NLMSG_ALIGN (header_size);
  if (message->nlmsg_len <= start)
    return (struct netlink_bytes){ 0 };
  return (struct netlink_bytes){ (const char *)message + start, message->nlmsg_len - start };
}

bool
netlink_next (struct netlink_bytes *rest, uint16_t *type, struct netlink_bytes *content)
{
  if (rest->size < NLA_HDRLEN)
    return false;
  const struct nlattr *attribute = (const struct nlattr *)rest->data;
  if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > rest->size)
    return false;
  *type = attribute->nla_type & NLA_TYPE_MASK;
  *content = (struct netlink_bytes){ rest->data + NLA_HDRLEN, attribute->nla_len - (size_t)NLA_HDRLEN };
  size_t whole = NLA_ALIGN (attribute->nla_len);
  if (whole > rest->size) /* the last one needs no padding */
    whole = rest->size;
  *rest = (struct netlink_bytes){ rest->data + whole, rest->size - whole };
  return true;
}

struct netlink_bytes
netlink_find (struct netlink_bytes attributes, uint16_t type, size_t least)
{
  uint16_t found;
  struct netlink_bytes content;
  while (netlink_next (&attributes, &found, &content))
    if (found == type)
      return content.size >= least ? content : (struct netlink_bytes){ 0 };
  return (struct netlink_bytes){ 0 };
}

/* Goes over the messages of one answer; *RESULT is that of the dump once it is over. */
static bool
read_part (const char *data, ssize_t received, uint32_t first, const struct netlink_batch *batch,
           void (*function) (const struct nlmsghdr *message, void *context), void *context, int *result,
           struct tss_error *error)
{
  int left = (int)received;
  for (const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)data; NLMSG_OK (header, left);
       header = NLMSG_NEXT (header, left))
    {
      if (header->nlmsg_seq != first)
        continue;
      if (header->nlmsg_type == NLMSG_ERROR)
        *result = check_answer (header, batch->requests[0].what, batch->requests[0].tolerated, error);
      if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE)
        return true;
      function (header, context);
    }
  return false;
}

int
netlink_dump (struct netlink *netlink, struct netlink_batch *batch,
              void (*function) (const struct nlmsghdr *message, void *context), void *context, struct tss_error *error)
{
  uint32_t first;
  if (transmit (netlink, batch, &first, error) < 0)
    return -1;
  for (;;)
    {
      _Alignas(NLMSG_ALIGNTO) char data[32768]; /* the kernel fills at most this much per message of a dump */
      int result = 0;
      ssize_t received = receive (netlink, data, sizeof data, error);
      if (received < 0)
        return -1;
      bool is_done = read_part (data, received, first, batch, function, context, &result, error);
      explicit_bzero (data, (size_t)received); /* some hold keys */
      if (is_done)
        return result;
    }
}
