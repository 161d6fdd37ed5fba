#include "message.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

/* Offsets and bits of the header (RFC 1035, 4.1.1). */
enum
{
  FLAGS = 2,
  QUESTIONS = 4,
  ANSWERS = 6,
  AUTHORITIES = 8,
  ADDITIONALS = 10,
  BIT_RESPONSE = 0x8000,
  BIT_AUTHORITATIVE = 0x0400,
  BIT_TRUNCATED = 0x0200,
  BIT_RECURSION_DESIRED = 0x0100,
  BIT_RECURSION_AVAILABLE = 0x0080,
  MASK_OPCODE = 0x7800,
  CLASS_INTERNET = 1,
  OPT_RECORD_SIZE = 11,
};

static uint16_t
get16 (const uint8_t *data)
{
  return (uint16_t)(data[0] << 8 | data[1]);
}

static void
put16 (uint8_t *data, unsigned value)
{
  data[0] = (uint8_t)(value >> 8);
  data[1] = (uint8_t)value;
}

/* Reads a name without compression, as it must be in a question. Returns the offset after it, or 0. */
static size_t
read_question_name (const uint8_t *data, size_t size, size_t at, char name[DNS_NAME_SIZE])
{
  size_t length = 0;
  bool plain = true;
  for (;;)
    {
      if (at >= size)
        return 0;
      size_t label = data[at++];
      if (label == 0)
        break;
      if (label > 63 || at + label > size || length + label + 1 >= DNS_NAME_SIZE)
        return 0;
      if (length > 0)
        name[length++] = '.';
      for (size_t i = 0; i < label; i++)
        {
          uint8_t byte = data[at + i];
          plain = plain && byte > ' ' && byte != '.';
          name[length++] = (char)tolower (byte);
        }
      at += label;
    }
  name[plain ? length : 0] = '\0';
  return at;
}

/* Steps over a name that may end in a compression pointer. Returns the offset after it, or 0. */
static size_t
skip_name (const uint8_t *data, size_t size, size_t at)
{
  while (at < size)
    {
      uint8_t label = data[at];
      if (label == 0)
        return at + 1;
      if ((label & 0xc0) == 0xc0)
        return at + 2 <= size ? at + 2 : 0;
      if (label > 63)
        return 0;
      at += 1u + label;
    }
  return 0;
}

/* Looks for the OPT record (RFC 6891) behind the question; false if the message is cut off. */
static bool
read_records (const uint8_t *data, size_t size, size_t at, struct dns_query *query)
{
  unsigned count = (unsigned)get16 (data + ANSWERS) + get16 (data + AUTHORITIES) + get16 (data + ADDITIONALS);
  while (count-- > 0)
    {
      at = skip_name (data, size, at);
      if (at == 0 || at + 10 > size)
        return false;
      if (get16 (data + at) == DNS_TYPE_OPT)
        {
          size_t limit = get16 (data + at + 2);
          query->has_edns = true;
          query->answer_limit = limit < DNS_UDP_SIZE ? DNS_UDP_SIZE : limit > DNS_EDNS_LIMIT ? DNS_EDNS_LIMIT : limit;
        }
      at += 10u + get16 (data + at + 8);
      if (at > size)
        return false;
    }
  return true;
}

int
dns_parse_query (const uint8_t *data, size_t size, struct dns_query *query)
{
  memset (query, 0, sizeof *query);
  query->data = data;
  query->size = size;
  query->question_end = DNS_HEADER_SIZE;
  query->answer_limit = DNS_UDP_SIZE;
  if (size < DNS_HEADER_SIZE || (get16 (data + FLAGS) & BIT_RESPONSE) != 0)
    return -1;
  if ((get16 (data + FLAGS) & MASK_OPCODE) != 0)
    return DNS_NOT_IMPLEMENTED;
  if (get16 (data + QUESTIONS) != 1)
    return DNS_FORMAT_ERROR;
  size_t at = read_question_name (data, size, DNS_HEADER_SIZE, query->name);
  if (at == 0 || at + 4 > size)
    return DNS_FORMAT_ERROR;
  query->type = get16 (data + at);
  query->class = get16 (data + at + 2);
  if (!read_records (data, size, at + 4, query))
    return DNS_FORMAT_ERROR;
  query->question_end = at + 4;
  if (query->class != CLASS_INTERNET && query->class != DNS_TYPE_ANY)
    query->name[0] = '\0';
  return DNS_NO_ERROR;
}

void
dns_begin_answer (struct dns_answer *answer, const struct dns_query *query, uint8_t *data, size_t limit)
{
  *answer = (struct dns_answer){ .query = query, .data = data, .limit = limit, .length = query->question_end };
  if (query->has_edns)
    answer->limit -= OPT_RECORD_SIZE;
  memcpy (data, query->data, query->question_end);
}

/* Header of a record about the name of the question. Returns where the data goes, or NULL when there is no room. */
static uint8_t *
add_record (struct dns_answer *answer, enum dns_type type, size_t size)
{
  if (answer->length + 12 + size > answer->limit)
    {
      answer->truncated = true;
      return NULL;
    }
  uint8_t *at = answer->data + answer->length;
  put16 (at, 0xc000 | DNS_HEADER_SIZE); /* pointer to the name in the question */
  put16 (at + 2, type);
  put16 (at + 4, CLASS_INTERNET);
  put16 (at + 6, 0);
  put16 (at + 8, DNS_TTL_S);
  put16 (at + 10, (unsigned)size);
  answer->length += 12 + size;
  answer->count++;
  return at + 12;
}

void
dns_add_address (struct dns_answer *answer, const struct address *address)
{
  size_t size = address_size (address);
  uint8_t *data = add_record (answer, address->family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA, size);
  if (data != NULL)
    memcpy (data, address->bytes, size);
}

void
dns_add_pointer (struct dns_answer *answer, const char *name)
{
  uint8_t wire[DNS_NAME_SIZE];
  size_t length = 0;
  while (*name != '\0')
    {
      size_t label = strcspn (name, ".");
      if (label == 0 || label > 63 || length + label + 2 > sizeof wire)
        return;
      wire[length++] = (uint8_t)label;
      memcpy (wire + length, name, label);
      length += label;
      name += label + (name[label] == '.' ? 1 : 0);
    }
  wire[length++] = 0;
  uint8_t *data = add_record (answer, DNS_TYPE_PTR, length);
  if (data != NULL)
    memcpy (data, wire, length);
}

size_t
dns_finish_answer (struct dns_answer *answer, enum dns_code code)
{
  uint8_t *data = answer->data;
  unsigned flags = get16 (data + FLAGS) & (BIT_RECURSION_DESIRED | MASK_OPCODE);
  flags |= BIT_RESPONSE | BIT_RECURSION_AVAILABLE | (unsigned)code;
  if (code == DNS_NO_ERROR)
    flags |= BIT_AUTHORITATIVE;
  if (answer->truncated)
    flags |= BIT_TRUNCATED;
  put16 (data + FLAGS, flags);
  put16 (data + QUESTIONS, answer->query->question_end > DNS_HEADER_SIZE ? 1 : 0);
  put16 (data + ANSWERS, answer->count);
  put16 (data + AUTHORITIES, 0);
  put16 (data + ADDITIONALS, answer->query->has_edns ? 1 : 0);
  if (answer->query->has_edns)
    {
      uint8_t *record = data + answer->length;
      memset (record, 0, OPT_RECORD_SIZE);
      put16 (record + 1, DNS_TYPE_OPT);
      put16 (record + 3, DNS_EDNS_LIMIT);
      answer->length += OPT_RECORD_SIZE;
    }
  return answer->length;
}

bool
dns_is_answer_to (const uint8_t *data, size_t size, const struct dns_query *query, uint16_t id)
{
  if (size < DNS_HEADER_SIZE || get16 (data) != id || (get16 (data + FLAGS) & BIT_RESPONSE) == 0)
    return false;
  /* Some servers leave out the question of a query that they refuse. */
  if (get16 (data + QUESTIONS) == 0)
    return dns_get_code (data) != DNS_NO_ERROR;
  if (size < query->question_end)
    return false;
  for (size_t i = DNS_HEADER_SIZE; i < query->question_end; i++)
    if (tolower (data[i]) != tolower (query->data[i]))
      return false;
  return true;
}

uint16_t
dns_get_id (const uint8_t *data)
{
  return get16 (data);
}

void
dns_set_id (uint8_t *data, uint16_t id)
{
  put16 (data, id);
}

enum dns_code
dns_get_code (const uint8_t *data)
{
  return (enum dns_code) (data[FLAGS + 1] & 0x0f);
}

bool
dns_is_truncated (const uint8_t *data)
{
  return (get16 (data + FLAGS) & BIT_TRUNCATED) != 0;
}

size_t
dns_truncate (uint8_t *data, const struct dns_query *query)
{
  put16 (data + FLAGS, get16 (data + FLAGS) | BIT_TRUNCATED);
  put16 (data + QUESTIONS, 1);
  memcpy (data + DNS_HEADER_SIZE, query->data + DNS_HEADER_SIZE, query->question_end - DNS_HEADER_SIZE);
  memset (data + ANSWERS, 0, DNS_HEADER_SIZE - ANSWERS);
  return query->question_end;
}
