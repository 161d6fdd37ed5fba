#include "message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define ALGORITHM "rfc4106(gcm(aes))"
#define TAG_BITS 128

/* Packets that processors have put out of order are still taken, older ones not: at 10 Gbit/s 1024 are a millisecond.
 */
#define REPLAY_WINDOW 1024
#define REPLAY_WORDS (REPLAY_WINDOW / 32)

/* Before the policies of key daemons (strongSwan: 300,000 and more). */
#define PRIORITY 1000

/* Before those. Without a template, and so to be told from what others allow. */
#define EXCEPTION_PRIORITY (PRIORITY - 1)

static void
put_address (const struct address *address, xfrm_address_t *target)
{
  memset (target, 0, sizeof *target);
  memcpy (target, address->bytes, address_size (address));
}

static struct address
read_address (const xfrm_address_t *source, int family)
{
  struct address address = { .family = family };
  size_t size = address_size (&address);
  memcpy (address.bytes, source, size);
  address.prefix = (uint8_t)(size * 8);
  return address;
}

/* No end by time or amount: the manager says when. The numbers of packets have 64 bits (ESN) and do not run out. */
static void
set_no_limits (struct xfrm_lifetime_cfg *limits)
{
  limits->soft_byte_limit = limits->hard_byte_limit = XFRM_INF;
  limits->soft_packet_limit = limits->hard_packet_limit = XFRM_INF;
}

static void
put_key (struct netlink_batch *batch, const uint8_t key[IPSEC_KEY_SIZE])
{
  _Alignas(struct xfrm_algo_aead) char data[sizeof (struct xfrm_algo_aead) + IPSEC_KEY_SIZE] = { 0 };
  struct xfrm_algo_aead *algorithm = (struct xfrm_algo_aead *)data;
  memcpy (algorithm->alg_name, ALGORITHM, sizeof ALGORITHM);
  algorithm->alg_key_len = IPSEC_KEY_SIZE * 8;
  algorithm->alg_icv_len = TAG_BITS;
  memcpy (algorithm->alg_key, key, IPSEC_KEY_SIZE);
  netlink_put (batch, XFRMA_ALG_AEAD, data, sizeof data);
  explicit_bzero (data, sizeof data);
}

static void
put_replay_window (struct netlink_batch *batch)
{
  _Alignas(struct xfrm_replay_state_esn) char data[sizeof (struct xfrm_replay_state_esn) + REPLAY_WORDS * 4] = { 0 };
  struct xfrm_replay_state_esn *replay = (struct xfrm_replay_state_esn *)data;
  replay->bmp_len = REPLAY_WORDS;
  replay->replay_window = REPLAY_WINDOW;
  netlink_put (batch, XFRMA_REPLAY_ESN_VAL, data, sizeof data);
}

void
ipsec_add_association (struct netlink_batch *batch, uint32_t owner, const struct ipsec_association *association)
{
  char source[ADDRESS_TEXT_SIZE], destination[ADDRESS_TEXT_SIZE];
  address_format (&association->source, source);
  address_format (&association->destination, destination);
  struct xfrm_usersa_info info = { .reqid = owner, .mode = XFRM_MODE_TRANSPORT, .flags = XFRM_STATE_ESN };
  info.family = info.sel.family = (uint16_t)association->source.family;
  put_address (&association->source, &info.saddr);
  put_address (&association->destination, &info.id.daddr);
  info.id.spi = htonl (association->spi);
  info.id.proto = IPPROTO_ESP;
  set_no_limits (&info.lft);
  memcpy (netlink_begin (batch, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, sizeof info, 0,
                         "encrypt what goes from %s to %s", source, destination),
          &info, sizeof info);
  put_key (batch, association->key);
  put_replay_window (batch);
}

void
ipsec_delete_association (struct netlink_batch *batch, const struct ipsec_association *association)
{
  struct xfrm_usersa_id *id
      = netlink_begin (batch, XFRM_MSG_DELSA, 0, sizeof *id, ESRCH, "forget a key between two hosts");
  id->family = (uint16_t)association->destination.family;
  put_address (&association->destination, &id->daddr);
  id->spi = htonl (association->spi);
  id->proto = IPPROTO_ESP;
}

static void
set_selector (struct xfrm_selector *selector, const struct ipsec_policy *policy)
{
  bool is_out = policy->direction == XFRM_POLICY_OUT;
  uint8_t bits = (uint8_t)(address_size (&policy->local) * 8);
  selector->family = (uint16_t)policy->local.family;
  selector->proto = IPPROTO_UDP;
  selector->dport = htons (policy->port);
  selector->dport_mask = htons (UINT16_MAX);
  put_address (&policy->local, is_out ? &selector->saddr : &selector->daddr);
  *(is_out ? &selector->prefixlen_s : &selector->prefixlen_d) = bits;
}

/* The same for every other host: which key is used follows from the addresses of the packet. Without a key nothing goes
 * out, and nothing comes in that was not encrypted with one of ours. */
void
ipsec_add_policy (struct netlink_batch *batch, uint32_t owner, const struct ipsec_policy *policy)
{
  struct xfrm_userpolicy_info info = { .priority = PRIORITY, .dir = policy->direction, .action = XFRM_POLICY_ALLOW };
  set_selector (&info.sel, policy);
  set_no_limits (&info.lft);
  memcpy (netlink_begin (batch, XFRM_MSG_UPDPOLICY, NLM_F_CREATE, sizeof info, 0,
                         "demand that what tunnels to port %u carry is encrypted", policy->port),
          &info, sizeof info);
  struct xfrm_user_tmpl template = { .family = (uint16_t)policy->local.family,
                                     .reqid = owner,
                                     .mode = XFRM_MODE_TRANSPORT,
                                     .id.proto = IPPROTO_ESP,
                                     .aalgos = UINT32_MAX,
                                     .ealgos = UINT32_MAX,
                                     .calgos = UINT32_MAX };
  netlink_put (batch, XFRMA_TMPL, &template, sizeof template);
}

void
ipsec_delete_policy (struct netlink_batch *batch, const struct ipsec_policy *policy)
{
  struct xfrm_userpolicy_id *id
      = netlink_begin (batch, XFRM_MSG_DELPOLICY, 0, sizeof *id, ENOENT, "stop encrypting tunnels");
  set_selector (&id->sel, policy);
  id->dir = policy->direction;
}

bool
ipsec_is_same_policy (const struct ipsec_policy *a, const struct ipsec_policy *b)
{
  return a->direction == b->direction && a->port == b->port && address_equal (&a->local, &b->local);
}

bool
ipsec_is_same_exception (const struct ipsec_exception *a, const struct ipsec_exception *b)
{
  return ipsec_is_same_policy (&a->from, &b->from) && a->device == b->device && a->mark == b->mark
         && a->peer.family == b->peer.family && (a->peer.family == 0 || address_equal (&a->peer, &b->peer));
}

static void
set_exception (struct xfrm_selector *selector, const struct ipsec_exception *exception)
{
  bool is_out = exception->from.direction == XFRM_POLICY_OUT;
  set_selector (selector, &exception->from);
  selector->ifindex = (int)exception->device;
  if (exception->peer.family == 0)
    return;
  put_address (&exception->peer, is_out ? &selector->daddr : &selector->saddr);
  *(is_out ? &selector->prefixlen_d : &selector->prefixlen_s) = (uint8_t)(address_size (&exception->peer) * 8);
}

static void
put_mark (struct netlink_batch *batch, uint32_t value)
{
  struct xfrm_mark mark = { .v = value, .m = UINT32_MAX };
  if (value != 0)
    netlink_put (batch, XFRMA_MARK, &mark, sizeof mark);
}

void
ipsec_add_exception (struct netlink_batch *batch, const struct ipsec_exception *exception)
{
  struct xfrm_userpolicy_info info
      = { .priority = EXCEPTION_PRIORITY, .dir = exception->from.direction, .action = XFRM_POLICY_ALLOW };
  set_exception (&info.sel, exception);
  set_no_limits (&info.lft);
  memcpy (netlink_begin (batch, XFRM_MSG_UPDPOLICY, NLM_F_CREATE, sizeof info, 0,
                         "except what is encrypted already from what has to be"),
          &info, sizeof info);
  put_mark (batch, exception->mark);
}

void
ipsec_delete_exception (struct netlink_batch *batch, const struct ipsec_exception *exception)
{
  struct xfrm_userpolicy_id *id
      = netlink_begin (batch, XFRM_MSG_DELPOLICY, 0, sizeof *id, ENOENT, "end an exception from what is encrypted");
  set_exception (&id->sel, exception);
  id->dir = exception->from.direction;
  put_mark (batch, exception->mark);
}

/* No header: the kernel reads what follows that of netlink as attributes. */
void
ipsec_list (struct netlink_batch *batch, uint16_t type)
{
  netlink_begin (batch, type, NLM_F_DUMP, 0, 0, "list what is encrypted");
}

static const void *
find (const struct nlmsghdr *message, size_t header_size, uint16_t type, size_t size)
{
  return netlink_find (netlink_attributes (message, header_size), type, size).data;
}

/* Copies the header of such a message: messages are not aligned for its 64-bit numbers. */
static bool
read_header (const struct nlmsghdr *message, uint16_t type, void *header, size_t size)
{
  if (message->nlmsg_type != type || message->nlmsg_len < NLMSG_HDRLEN + size)
    return false;
  memcpy (header, NLMSG_DATA (message), size);
  return true;
}

bool
ipsec_read_association (const struct nlmsghdr *message, uint32_t owner, struct ipsec_association *association)
{
  struct xfrm_usersa_info info;
  /* What has no number is the kernel's own: a packet waits for a key. */
  if (!read_header (message, XFRM_MSG_NEWSA, &info, sizeof info) || info.reqid != owner || info.id.proto != IPPROTO_ESP
      || info.id.spi == 0)
    return false;
  association->source = read_address (&info.saddr, info.family);
  association->destination = read_address (&info.id.daddr, info.family);
  association->spi = ntohl (info.id.spi);
  memset (association->key, 0, sizeof association->key);
  /* None with another algorithm. */
  const struct xfrm_algo_aead *algorithm
      = find (message, sizeof info, XFRMA_ALG_AEAD, sizeof *algorithm + IPSEC_KEY_SIZE);
  if (algorithm != NULL && algorithm->alg_key_len == IPSEC_KEY_SIZE * 8)
    memcpy (association->key, algorithm->alg_key, IPSEC_KEY_SIZE);
  return true;
}

bool
ipsec_read_policy (const struct nlmsghdr *message, uint32_t owner, struct ipsec_policy *policy)
{
  struct xfrm_userpolicy_info info;
  if (!read_header (message, XFRM_MSG_NEWPOLICY, &info, sizeof info))
    return false;
  const struct xfrm_user_tmpl *template = find (message, sizeof info, XFRMA_TMPL, sizeof *template);
  if (template == NULL || template->reqid != owner || template->id.proto != IPPROTO_ESP)
    return false;
  policy->direction = info.dir;
  policy->port = ntohs (info.sel.dport);
  policy->local = read_address (info.dir == XFRM_POLICY_OUT ? &info.sel.saddr : &info.sel.daddr, info.sel.family);
  return true;
}

/* The other end of what passes, as far as it is given. */
static struct address
read_peer (const struct xfrm_selector *selector, bool is_out)
{
  struct address any = { 0 };
  if ((is_out ? selector->prefixlen_d : selector->prefixlen_s) == 0)
    return any;
  return read_address (is_out ? &selector->daddr : &selector->saddr, selector->family);
}

bool
ipsec_read_exception (const struct nlmsghdr *message, struct ipsec_exception *exception)
{
  struct xfrm_userpolicy_info info;
  if (!read_header (message, XFRM_MSG_NEWPOLICY, &info, sizeof info) || info.priority != EXCEPTION_PRIORITY
      || info.action != XFRM_POLICY_ALLOW || info.sel.proto != IPPROTO_UDP
      || find (message, sizeof info, XFRMA_TMPL, 0) != NULL)
    return false;
  bool is_out = info.dir == XFRM_POLICY_OUT;
  const struct xfrm_mark *mark = find (message, sizeof info, XFRMA_MARK, sizeof *mark);
  *exception = (struct ipsec_exception){ .from.direction = info.dir,
                                         .from.port = ntohs (info.sel.dport),
                                         .from.local
                                         = read_address (is_out ? &info.sel.saddr : &info.sel.daddr, info.sel.family),
                                         .device = (unsigned)info.sel.ifindex,
                                         .peer = read_peer (&info.sel, is_out),
                                         .mark = mark == NULL ? 0 : mark->v };
  return true;
}
