/* The DNS code of tsstack-net: lookups, and messages that no honest client would send. */
#include "../net/dns/message.h"
#include "../net/dns/table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
  do                                                                                                                   \
    if (!(condition))                                                                                                  \
      {                                                                                                                \
        fprintf (stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                               \
        exit (1);                                                                                                      \
      }                                                                                                                \
  while (0)

#define MUTATIONS 200000

static const uint8_t question[]
    = { 0x12, 0x34,         1,    0,    0, 1, 0, 0, 0, 0, 0, 1, 3, 'W', 'e', 'b', 0, 0, 1, 0, 1, 0,
        0,    DNS_TYPE_OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0 };

static void
set_names (struct dns_tables *tables)
{
  struct tss_error error = { 0 };
  json_t *names = json_pack ("{s:[s,s],s:[s]}", "web", "172.30.0.5", "172.30.0.6", "six.front", "fd00::5");
  json_t *reverse = json_pack ("{s:s,s:s}", "172.30.0.5", "shop-web-1", "fd00::5", "shop-six-1");
  CHECK (dns_tables_set (tables, "front", names, reverse, &error) == 0);
  json_decref (names);
  json_decref (reverse);
}

static size_t
ask (const struct dns_tables *tables, const uint8_t *data, size_t size, uint8_t *reply, size_t limit)
{
  char front[] = "front", absent[] = "absent";
  char *networks[] = { absent, front, NULL };
  struct dns_query query;
  struct dns_answer answer;
  int code = dns_parse_query (data, size, &query);
  if (code < 0)
    return 0;
  dns_begin_answer (&answer, &query, reply, limit);
  if (code == DNS_NO_ERROR && !dns_tables_answer (tables, networks, &query, &answer))
    code = DNS_NAME_ERROR;
  size_t length = dns_finish_answer (&answer, (enum dns_code)code);
  CHECK (length <= limit);
  return length;
}

static void
test_answers (const struct dns_tables *tables)
{
  uint8_t reply[DNS_EDNS_LIMIT];
  size_t length = ask (tables, question, sizeof question, reply, sizeof reply);
  CHECK (length == 21 + 2 * 16 + 11);
  CHECK (dns_get_code (reply) == DNS_NO_ERROR && reply[7] == 2 && reply[11] == 1);
  CHECK (!dns_is_truncated (reply));
}

/* Room for one address and the OPT record: the rest is left out and the answer marked. */
static void
test_truncation (const struct dns_tables *tables)
{
  uint8_t reply[DNS_UDP_SIZE];
  size_t length = ask (tables, question, sizeof question, reply, 21 + 16 + 11 + 5);
  CHECK (length == 21 + 16 + 11);
  CHECK (dns_is_truncated (reply) && reply[7] == 1);
}

static void
test_reverse (void)
{
  struct address address;
  char text[ADDRESS_TEXT_SIZE];
  CHECK (dns_parse_reverse ("5.0.30.172.in-addr.arpa", &address));
  address_format (&address, text);
  CHECK (strcmp (text, "172.30.0.5") == 0);
  CHECK (dns_parse_reverse ("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", &address));
  address_format (&address, text);
  CHECK (strcmp (text, "fd00::5") == 0);
  CHECK (!dns_parse_reverse ("5.0.30.in-addr.arpa", &address));
  CHECK (!dns_parse_reverse ("256.0.30.172.in-addr.arpa", &address));
  CHECK (!dns_parse_reverse ("1.5.0.30.172.in-addr.arpa", &address));
  CHECK (!dns_parse_reverse (".in-addr.arpa", &address));
}

static void
test_hostile_names (void)
{
  struct dns_query query;
  uint8_t message[DNS_HEADER_SIZE + 400] = { 0, 0, 1, 0, 0, 1 };

  /* A compression pointer to itself. */
  message[DNS_HEADER_SIZE] = 0xc0;
  message[DNS_HEADER_SIZE + 1] = DNS_HEADER_SIZE;
  CHECK (dns_parse_query (message, DNS_HEADER_SIZE + 6, &query) == DNS_FORMAT_ERROR);

  /* Longer than 255 octets. */
  for (size_t i = 0; i < 300; i += 64)
    message[DNS_HEADER_SIZE + i] = 63;
  CHECK (dns_parse_query (message, sizeof message, &query) == DNS_FORMAT_ERROR);

  /* A dot inside a label must not look like two labels. */
  const uint8_t dotted[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'a', '.', 'b', 0, 0, 1, 0, 1 };
  CHECK (dns_parse_query (dotted, sizeof dotted, &query) == DNS_NO_ERROR && query.name[0] == '\0');
}

static void
test_answer_matching (void)
{
  struct dns_query query;
  uint8_t answer[sizeof question];
  CHECK (dns_parse_query (question, sizeof question, &query) == DNS_NO_ERROR);
  memcpy (answer, question, sizeof question);
  CHECK (!dns_is_answer_to (answer, sizeof answer, &query, 0x1234)); /* a query, no answer */
  answer[2] |= 0x80;
  CHECK (dns_is_answer_to (answer, sizeof answer, &query, 0x1234));
  CHECK (!dns_is_answer_to (answer, sizeof answer, &query, 0x1235));
  answer[13] = 'x';
  CHECK (!dns_is_answer_to (answer, sizeof answer, &query, 0x1234));
  CHECK (!dns_is_answer_to (answer, 5, &query, 0x1234));
}

/* An answer that does not fit into a datagram: only the question is left, and the client asks again by TCP. */
static void
test_cutting (void)
{
  struct dns_query query;
  uint8_t answer[DNS_UDP_SIZE + 100] = { 0 };
  CHECK (dns_parse_query (question, sizeof question, &query) == DNS_NO_ERROR);
  memcpy (answer, question, sizeof question);
  answer[2] |= 0x80;
  answer[7] = 30;
  CHECK (dns_truncate (answer, &query) == query.question_end);
  CHECK (dns_is_truncated (answer) && dns_is_answer_to (answer, query.question_end, &query, 0x1234));
  CHECK (answer[5] == 1 && answer[7] == 0 && answer[9] == 0 && answer[11] == 0);
}

/* Under the sanitizers this finds reads and writes out of bounds. Each message is copied to its exact size for that. */
static void
test_mutations (const struct dns_tables *tables)
{
  srand (1);
  for (int round = 0; round < MUTATIONS; round++)
    {
      size_t size = (size_t)rand () % (sizeof question + 1);
      uint8_t *message = malloc (size + 1);
      uint8_t reply[DNS_UDP_SIZE];
      CHECK (message != NULL);
      memcpy (message, question, size);
      for (int changes = rand () % 6; changes > 0 && size > 0; changes--)
        message[(size_t)rand () % size] = (uint8_t)rand ();
      uint8_t *exact = realloc (message, size > 0 ? size : 1);
      CHECK (exact != NULL);
      ask (tables, exact, size, reply, sizeof reply);
      free (exact);
    }
}

int
main (void)
{
  struct dns_tables tables = { 0 };
  set_names (&tables);
  test_answers (&tables);
  test_truncation (&tables);
  test_reverse ();
  test_hostile_names ();
  test_answer_matching ();
  test_cutting ();
  test_mutations (&tables);
  dns_tables_clear (&tables);
  return 0;
}
