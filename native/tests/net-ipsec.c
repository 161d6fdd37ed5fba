/* Messages to the kernel's IPsec, as they are written and as they are read. */
#include "../net/ipsec/message.h"
#include "../net/ipsec/wish.h"
#include "check.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define OWNER 0x0a1b2c3d
#define KEY "000102030405060708090a0b0c0d0e0f10111213"

static struct nlmsghdr *
only_message (struct netlink_batch *batch)
{
  CHECK (batch->count == 1);
  return (struct nlmsghdr *)(void *)batch->data;
}

static struct address
address_of (const char *text)
{
  struct address address = { 0 };
  CHECK (address_parse (text, &address));
  return address;
}

/* What is written is what a dump of the kernel would say: the same structures in both directions. */
static void
associations_can_be_read_back (const char *source, const char *destination)
{
  struct netlink_batch batch;
  struct ipsec_association before
      = { .source = address_of (source), .destination = address_of (destination), .spi = 0x1203 };
  struct ipsec_association after = { 0 };
  for (uint8_t i = 0; i < IPSEC_KEY_SIZE; i++)
    before.key[i] = i;
  netlink_batch_init (&batch);
  ipsec_add_association (&batch, OWNER, &before);
  const struct nlmsghdr *message = only_message (&batch);
  CHECK (ipsec_read_association (message, OWNER, &after));
  CHECK (memcmp (&before.source, &after.source, sizeof before.source) == 0);
  CHECK (memcmp (&before.destination, &after.destination, sizeof before.destination) == 0);
  CHECK (before.spi == after.spi && memcmp (before.key, after.key, sizeof before.key) == 0);
  CHECK (!ipsec_read_association (message, OWNER + 1, &after));

  struct xfrm_usersa_info info; /* messages are not aligned for its 64-bit numbers */
  memcpy (&info, NLMSG_DATA (message), sizeof info);
  CHECK (info.mode == XFRM_MODE_TRANSPORT && info.id.proto == IPPROTO_ESP && info.id.spi == htonl (0x1203));
  CHECK ((info.flags & XFRM_STATE_ESN) != 0 && info.lft.hard_packet_limit == XFRM_INF);
}

static void
policies_can_be_read_back (const char *local, uint8_t direction)
{
  struct netlink_batch batch;
  struct ipsec_policy before = { .local = address_of (local), .port = 4792, .direction = direction }, after = { 0 };
  netlink_batch_init (&batch);
  ipsec_add_policy (&batch, OWNER, &before);
  struct nlmsghdr *message = only_message (&batch);
  CHECK (message->nlmsg_type == XFRM_MSG_UPDPOLICY); /* also where there is one */
  message->nlmsg_type = XFRM_MSG_NEWPOLICY;
  CHECK (ipsec_read_policy (message, OWNER, &after));
  CHECK (after.port == 4792 && after.direction == direction);
  CHECK (memcmp (&before.local, &after.local, sizeof before.local) == 0);
  CHECK (!ipsec_read_policy (message, OWNER + 1, &after));

  /* Every other host is meant, and UDP to that port alone. */
  struct xfrm_userpolicy_info info;
  memcpy (&info, NLMSG_DATA (message), sizeof info);
  bool is_out = direction == XFRM_POLICY_OUT;
  CHECK ((is_out ? info.sel.prefixlen_d : info.sel.prefixlen_s) == 0);
  CHECK ((is_out ? info.sel.prefixlen_s : info.sel.prefixlen_d) == address_size (&before.local) * 8);
  CHECK (info.sel.proto == IPPROTO_UDP && info.sel.dport_mask == 0xffff && info.action == XFRM_POLICY_ALLOW);
}

/* The same structures again. What IPsec demands is none, and an exception is no demand. */
static void
exceptions_can_be_read_back (const struct ipsec_exception *before)
{
  struct netlink_batch batch;
  struct ipsec_exception after = { 0 };
  struct ipsec_policy policy = { 0 };
  netlink_batch_init (&batch);
  ipsec_add_exception (&batch, before);
  struct nlmsghdr *message = only_message (&batch);
  message->nlmsg_type = XFRM_MSG_NEWPOLICY;
  CHECK (ipsec_read_exception (message, &after) && ipsec_is_same_exception (before, &after));
  CHECK (!ipsec_read_policy (message, OWNER, &policy));
  after.device++;
  CHECK (!ipsec_is_same_exception (before, &after));

  netlink_batch_init (&batch);
  ipsec_add_policy (&batch, OWNER, &before->from);
  message = only_message (&batch);
  message->nlmsg_type = XFRM_MSG_NEWPOLICY;
  CHECK (!ipsec_read_exception (message, &after));
}

static void
exceptions_of_all_kinds_can_be_read_back (void)
{
  struct ipsec_policy in = { .local = address_of ("192.0.2.1"), .port = 4792, .direction = XFRM_POLICY_IN };
  struct ipsec_policy out = { .local = address_of ("2001:db8::1"), .port = 4792, .direction = XFRM_POLICY_OUT };
  exceptions_can_be_read_back (&(struct ipsec_exception){ .from = in, .mark = 0x74737767 });
  exceptions_can_be_read_back (&(struct ipsec_exception){ .from = in, .peer = address_of ("192.0.2.2") });
  exceptions_can_be_read_back (&(struct ipsec_exception){ .from = out, .device = 7 });
  exceptions_can_be_read_back (&(struct ipsec_exception){ .from = out, .peer = address_of ("2001:db8::2") });
}

/* A message that ends anywhere is no reason to read beyond it. */
static void
short_messages_are_nothing (void)
{
  struct netlink_batch batch;
  struct ipsec_association association
      = { .source = address_of ("192.0.2.1"), .destination = address_of ("192.0.2.2") };
  association.spi = 256;
  memset (association.key, 7, sizeof association.key);
  netlink_batch_init (&batch);
  ipsec_add_association (&batch, OWNER, &association);
  size_t whole = only_message (&batch)->nlmsg_len;
  for (size_t length = NLMSG_HDRLEN; length < whole; length++)
    {
      struct nlmsghdr *copy = malloc (length); /* the sanitizers know where it ends */
      struct ipsec_association read = { 0 };
      struct ipsec_policy policy;
      memcpy (copy, batch.data, length);
      copy->nlmsg_len = (uint32_t)length;
      if (ipsec_read_association (copy, OWNER, &read))
        CHECK (read.key[0] == 7 || read.key[0] == 0);
      CHECK (!ipsec_read_policy (copy, OWNER, &policy));
      free (copy);
    }
}

static bool
is_good (const char *text)
{
  struct ipsec_wish wish;
  struct tss_error error = { 0 };
  json_t *request = json_loads (text, 0, NULL);
  CHECK (request != NULL);
  bool result = ipsec_wish_parse (request, &wish, &error) == 0;
  if (result)
    ipsec_wish_free (&wish);
  CHECK (strstr (error.message, "0001020304") == NULL); /* no key in what is said */
  json_decref (request);
  return result;
}

#define REQUEST(source, destination, spi, key)                                                                         \
  "{\"owner\":\"0a1b2c3d\",\"port\":4792,\"local\":\"192.0.2.1\",\"associations\":[{\"source\":\"" source              \
  "\",\"destination\":\"" destination "\",\"spi\":" spi ",\"key\":\"" key "\"}]}"

static void
requests_are_checked (void)
{
  CHECK (is_good (REQUEST ("192.0.2.1", "192.0.2.2", "256", KEY)));
  CHECK (is_good (REQUEST ("192.0.2.2", "192.0.2.1", "4294967295", KEY)));
  CHECK (is_good ("{\"owner\":\"0a1b2c3d\",\"local\":null}"));
  CHECK (!is_good (REQUEST ("192.0.2.2", "192.0.2.3", "256", KEY)));
  CHECK (!is_good (REQUEST ("192.0.2.1", "192.0.2.1", "256", KEY)));
  CHECK (!is_good (REQUEST ("192.0.2.1", "2001:db8::2", "256", KEY)));
  CHECK (!is_good (REQUEST ("192.0.2.1", "192.0.2.2", "255", KEY)));
  CHECK (!is_good (REQUEST ("192.0.2.1", "192.0.2.2", "256", KEY "14")));
  CHECK (!is_good (REQUEST ("192.0.2.1", "192.0.2.2", "256", "zz0102030405060708090a0b0c0d0e0f10111213")));
  CHECK (!is_good ("{\"owner\":\"elsewhere\",\"local\":null}"));
  CHECK (!is_good ("{\"owner\":\"00000000\",\"local\":null}"));
}

int
main (void)
{
  associations_can_be_read_back ("192.0.2.1", "192.0.2.2");
  associations_can_be_read_back ("2001:db8::1", "2001:db8::2");
  policies_can_be_read_back ("192.0.2.1", XFRM_POLICY_OUT);
  policies_can_be_read_back ("192.0.2.1", XFRM_POLICY_IN);
  policies_can_be_read_back ("2001:db8::1", XFRM_POLICY_OUT);
  policies_can_be_read_back ("2001:db8::1", XFRM_POLICY_IN);
  exceptions_of_all_kinds_can_be_read_back ();
  short_messages_are_nothing ();
  requests_are_checked ();
  return check_finish ("net-ipsec");
}
