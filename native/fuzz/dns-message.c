/* What a container sends to the name server, and what an upstream server answers. */
#include "../net/dns/message.h"
#include "../net/dns/table.h"
#include "fuzz.h"

#include <string.h>

static struct dns_tables tables;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  struct tss_error error = { 0 };
  json_t *names = json_pack ("{s:[s,s],s:[s]}", "web", "172.30.0.5", "172.30.0.6", "six.front", "fd00::5");
  json_t *reverse = json_pack ("{s:s,s:s}", "172.30.0.5", "shop-web-1", "fd00::5", "shop-six-1");

  (void)argc;
  (void)argv;
  FUZZ_REQUIRE (dns_tables_set (&tables, "front", names, reverse, &error) == 0);
  json_decref (names);
  json_decref (reverse);
  return 0;
}

static void
answer (const struct dns_query *query, int code)
{
  char front[] = "front";
  char *networks[] = { front, NULL };
  size_t limit = query->answer_limit >= DNS_UDP_SIZE ? query->answer_limit : DNS_UDP_SIZE;
  uint8_t *reply = malloc (limit); /* exactly as large as allowed: the sanitizer sees one byte more */
  struct dns_answer built;
  size_t length;

  dns_begin_answer (&built, query, reply, limit);
  if (code == DNS_NO_ERROR && !dns_tables_answer (&tables, networks, query, &built))
    code = DNS_NAME_ERROR;
  length = dns_finish_answer (&built, (enum dns_code)code);
  FUZZ_REQUIRE (length >= DNS_HEADER_SIZE && length <= limit);
  FUZZ_REQUIRE (dns_get_id (reply) == dns_get_id (query->data) && dns_get_code (reply) == (enum dns_code)code);
  free (reply);
}

/* The rest of the input is what a server answers to the query at its beginning. */
static void
hear (const struct dns_query *query, const uint8_t *data, size_t size)
{
  uint8_t *message = malloc (size + 1);

  memcpy (message, data, size);
  if (size >= 2 && dns_is_answer_to (message, size, query, dns_get_id (message)))
    {
      dns_get_code (message);
      dns_is_truncated (message);
      if (size > query->answer_limit)
        FUZZ_REQUIRE (dns_truncate (message, query) <= size);
    }
  free (message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  size_t split = size > 0 ? data[0] : 0;
  struct dns_query query = { 0 };
  struct address address;
  uint8_t *copy;
  int code;

  if (size < 1 || split > size - 1)
    split = size > 0 ? size - 1 : 0;
  copy = malloc (split + 1);
  if (split > 0)
    memcpy (copy, data + 1, split);
  code = dns_parse_query (copy, split, &query);
  if (code >= 0)
    {
      FUZZ_REQUIRE (query.size <= split && query.question_end <= query.size);
      answer (&query, code);
      if (code == DNS_NO_ERROR)
        {
          FUZZ_REQUIRE (memchr (query.name, '\0', sizeof query.name));
          dns_parse_reverse (query.name, &address);
          hear (&query, data + 1 + split, size - 1 - split);
        }
    }
  free (copy);
  return 0;
}
