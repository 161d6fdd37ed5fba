/* DNS messages: reads queries from containers, which may be hostile, and builds answers. */
#ifndef TSSTACK_NET_DNS_MESSAGE_H
#define TSSTACK_NET_DNS_MESSAGE_H

#include "../address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER_SIZE 12
#define DNS_NAME_SIZE 256 /* 255 octets on the wire */
#define DNS_UDP_SIZE 512
#define DNS_MESSAGE_SIZE 65535
#define DNS_EDNS_LIMIT 4096 /* largest UDP answer of ours; it stays on the loopback device */
#define DNS_TTL_S 2         /* the design allows at most 5; a lookup at 127.0.0.11 costs less than a stale answer */

enum dns_type
{
  DNS_TYPE_A = 1,
  DNS_TYPE_PTR = 12,
  DNS_TYPE_AAAA = 28,
  DNS_TYPE_OPT = 41,
  DNS_TYPE_ANY = 255,
};

enum dns_code
{
  DNS_NO_ERROR = 0,
  DNS_FORMAT_ERROR = 1,
  DNS_SERVER_FAILURE = 2,
  DNS_NAME_ERROR = 3,
  DNS_NOT_IMPLEMENTED = 4,
  DNS_REFUSED = 5,
};

struct dns_query
{
  const uint8_t *data;
  size_t size;
  size_t question_end;      /* header and question */
  char name[DNS_NAME_SIZE]; /* lower case, no dot at the end; empty if no name of ours could look like it */
  uint16_t type, class;
  bool has_edns;
  size_t answer_limit; /* largest UDP answer that the client takes */
};

/* DNS_NO_ERROR, or the code to refuse it with (then only data, size and question_end are set), or -1: no query at all,
 * ignore it. */
int dns_parse_query (const uint8_t *data, size_t size, struct dns_query *query);

struct dns_answer
{
  const struct dns_query *query;
  uint8_t *data;
  size_t limit, length;
  uint16_t count;
  bool truncated;
};

/* DATA has room for LIMIT bytes, at least DNS_UDP_SIZE. */
void dns_begin_answer (struct dns_answer *answer, const struct dns_query *query, uint8_t *data, size_t limit);
void dns_add_address (struct dns_answer *answer, const struct address *address);
void dns_add_pointer (struct dns_answer *answer, const char *name);

/* Returns the length of the message. */
size_t dns_finish_answer (struct dns_answer *answer, enum dns_code code);

/* Is this the answer of a server to that query, sent with number ID? */
bool dns_is_answer_to (const uint8_t *data, size_t size, const struct dns_query *query, uint16_t id);

uint16_t dns_get_id (const uint8_t *data);
void dns_set_id (uint8_t *data, uint16_t id);
enum dns_code dns_get_code (const uint8_t *data);
bool dns_is_truncated (const uint8_t *data);

/* Cuts a message that is too long for the client's UDP down to its question and marks it as truncated. Returns the new
 * length. */
size_t dns_truncate (uint8_t *data, const struct dns_query *query);

/* "5.0.30.172.in-addr.arpa" or its IPv6 form to the address. */
bool dns_parse_reverse (const char *name, struct address *address);

#endif
