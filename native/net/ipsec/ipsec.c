#include "ipsec.h"
#include "../../common/cleanup.h"
#include "../memory.h"
#include "barrier.h"
#include "wish.h"

#include <string.h>

static const uint8_t directions[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT };

/* Not before it is needed: it may load a module. */
static int
open_netlink (struct ipsec *ipsec, struct tss_error *error)
{
  if (ipsec->is_open)
    return 0;
  if (netlink_open (&ipsec->xfrm, NETLINK_XFRM, error) < 0)
    return error != NULL && error->error_number == EPROTONOSUPPORT ? tss_error_set (
               error, TSS_ERROR_NETWORK, 0, NULL, "the kernel lacks IPsec (xfrm_user, esp4, esp6, gcm)")
                                                                   : -1;
  ipsec->is_open = true;
  return 0;
}

void
ipsec_close (struct ipsec *ipsec)
{
  if (ipsec->is_open)
    netlink_close (&ipsec->xfrm);
  ipsec->is_open = false;
}

/* What the kernel has of an owner. */
struct found
{
  uint32_t owner;
  struct buffer associations, policies; /* struct ipsec_association, struct ipsec_policy */
};

static void
note (const struct nlmsghdr *message, void *context)
{
  struct found *found = context;
  struct ipsec_association association = { 0 };
  struct ipsec_policy policy = { 0 };
  if (ipsec_read_association (message, found->owner, &association))
    memory_append (&found->associations, &association, sizeof association);
  else if (ipsec_read_policy (message, found->owner, &policy))
    memory_append (&found->policies, &policy, sizeof policy);
  explicit_bzero (&association, sizeof association);
}

static int
list (struct ipsec *ipsec, uint16_t type, struct found *found, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  ipsec_list (&batch, type);
  return netlink_dump (&ipsec->xfrm, &batch, note, found, error);
}

static void
free_found (struct found *found)
{
  if (buffer_length (&found->associations) > 0)
    explicit_bzero (buffer_bytes (&found->associations), buffer_length (&found->associations));
  buffer_free (&found->associations);
  buffer_free (&found->policies);
}

static bool
is_same_address (const struct address *a, const struct address *b)
{
  return a->family == b->family && memcmp (a->bytes, b->bytes, address_size (a)) == 0;
}

static bool
is_same_policy (const struct ipsec_policy *a, const struct ipsec_policy *b)
{
  return a->direction == b->direction && a->port == b->port && is_same_address (&a->local, &b->local);
}

static bool
is_same_association (const struct ipsec_association *a, const struct ipsec_association *b)
{
  return a->spi == b->spi && is_same_address (&a->source, &b->source)
         && is_same_address (&a->destination, &b->destination) && memcmp (a->key, b->key, sizeof a->key) == 0;
}

static bool
has_policy (const struct found *found, const struct ipsec_policy *policy)
{
  const struct ipsec_policy *all = (const struct ipsec_policy *)(const void *)buffer_bytes (&found->policies);
  for (size_t i = 0; i < buffer_length (&found->policies) / sizeof *all; i++)
    if (is_same_policy (&all[i], policy))
      return true;
  return false;
}

/* Requests are sent when the batch is full, or there are no more. */
static int
flush (struct ipsec *ipsec, struct netlink_batch *batch, unsigned limit, struct tss_error *error)
{
  if (batch->count < limit)
    return 0;
  int result = netlink_send (&ipsec->xfrm, batch, error);
  explicit_bzero (batch->data, batch->length);
  netlink_batch_init (batch);
  return result;
}

static int
add_policies (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct found *found, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < TSS_LENGTH (directions); i++)
    {
      struct ipsec_policy policy = { .local = wish->local, .port = wish->port, .direction = directions[i] };
      if (!has_policy (found, &policy))
        ipsec_add_policy (&batch, wish->owner, &policy);
    }
  return flush (ipsec, &batch, 1, error);
}

static int
delete_policies (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct found *found, struct tss_error *error)
{
  struct netlink_batch batch;
  const struct ipsec_policy *all = (const struct ipsec_policy *)(const void *)buffer_bytes (&found->policies);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < buffer_length (&found->policies) / sizeof *all; i++)
    {
      bool is_wanted = wish->has_local && all[i].port == wish->port && is_same_address (&all[i].local, &wish->local);
      if (!is_wanted)
        ipsec_delete_policy (&batch, &all[i]);
      if (flush (ipsec, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return flush (ipsec, &batch, 1, error);
}

/* The order in which contains searches. */
static int
compare (const void *left, const void *right)
{
  const struct ipsec_association *a = left, *b = right;
  if (a->spi != b->spi)
    return a->spi < b->spi ? -1 : 1;
  int order = memcmp (a->destination.bytes, b->destination.bytes, sizeof a->destination.bytes);
  return order != 0 ? order : memcmp (a->source.bytes, b->source.bytes, sizeof a->source.bytes);
}

static bool
contains (const struct ipsec_association *sorted, size_t count, const struct ipsec_association *association)
{
  const struct ipsec_association *same
      = count == 0 ? NULL : bsearch (association, sorted, count, sizeof *sorted, compare);
  return same != NULL && is_same_association (same, association);
}

/* Keys for what comes in are there before anything is sent that needs them at the other end; of those for what goes out
 * the kernel takes the newest. One that is there already is not made anew: its packets would be numbered anew, too, and
 * no number may come twice with one key. */
static int
add_associations (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct found *found, bool incoming,
                  struct tss_error *error)
{
  struct netlink_batch batch;
  const struct ipsec_association *there
      = (const struct ipsec_association *)(const void *)buffer_bytes (&found->associations);
  size_t count = buffer_length (&found->associations) / sizeof *there;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < wish->count; i++)
    {
      const struct ipsec_association *wanted = &wish->associations[i];
      if (is_same_address (&wanted->destination, &wish->local) == incoming && !contains (there, count, wanted))
        ipsec_add_association (&batch, wish->owner, wanted);
      if (flush (ipsec, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return flush (ipsec, &batch, 1, error);
}

static bool
is_number_wanted (const struct ipsec_wish *wish, const struct ipsec_association *association)
{
  for (size_t i = 0; i < wish->count; i++)
    if (wish->associations[i].spi == association->spi
        && is_same_address (&wish->associations[i].destination, &association->destination))
      return true;
  return false;
}

/* NUMBERS_ONLY: those whose number is to have another key or another source; they make way before that is added. */
static int
delete_associations (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct found *found, bool numbers_only,
                     struct tss_error *error)
{
  struct netlink_batch batch;
  const struct ipsec_association *there
      = (const struct ipsec_association *)(const void *)buffer_bytes (&found->associations);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < buffer_length (&found->associations) / sizeof *there; i++)
    {
      if (!contains (wish->associations, wish->count, &there[i]) && is_number_wanted (wish, &there[i]) == numbers_only)
        ipsec_delete_association (&batch, &there[i]);
      if (flush (ipsec, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return flush (ipsec, &batch, 1, error);
}

/* Says what is missing where it is not the request that is wrong. */
static int
explain (struct tss_error *error)
{
  if (error == NULL
      || (error->error_number != EPROTONOSUPPORT && error->error_number != ENOSYS && error->error_number != ENOENT))
    return -1;
  struct tss_error cause = *error;
  return tss_error_set (error, TSS_ERROR_NETWORK, 0, NULL, "the kernel lacks IPsec (esp4, esp6, gcm): %.400s",
                        cause.message);
}

/* The barrier first and the keys last, and the other way round at the end: at no moment can anything go in clear. */
static int
apply (struct ipsec *ipsec, struct ipsec_wish *wish, struct found *found, struct tss_error *error)
{
  if (wish->has_local && (ipsec_barrier_set (ipsec, wish, error) < 0 || add_policies (ipsec, wish, found, error) < 0))
    return -1;
  if (wish->count > 0)
    qsort (wish->associations, wish->count, sizeof *wish->associations, compare);
  if (buffer_length (&found->associations) > 0)
    qsort (buffer_bytes (&found->associations), buffer_length (&found->associations) / sizeof *wish->associations,
           sizeof *wish->associations, compare);
  if (delete_associations (ipsec, wish, found, true, error) < 0)
    return -1;
  if (add_associations (ipsec, wish, found, true, error) < 0 || add_associations (ipsec, wish, found, false, error) < 0)
    return explain (error);
  if (delete_associations (ipsec, wish, found, false, error) < 0 || delete_policies (ipsec, wish, found, error) < 0)
    return -1;
  return wish->has_local ? 0 : ipsec_barrier_remove (ipsec, wish, error);
}

int
ipsec_set (struct ipsec *ipsec, const json_t *request, struct tss_error *error)
{
  struct ipsec_wish wish;
  if (ipsec_wish_parse (request, &wish, error) < 0)
    return -1;
  /* Nothing has ever been encrypted: no reason to load a module. */
  if (!wish.has_local && !ipsec_barrier_is_set (ipsec, &wish))
    return 0;
  struct found found = { .owner = wish.owner };
  int result = open_netlink (ipsec, error);
  if (result == 0)
    result = list (ipsec, XFRM_MSG_GETPOLICY, &found, error);
  if (result == 0)
    result = list (ipsec, XFRM_MSG_GETSA, &found, error);
  if (result == 0)
    result = apply (ipsec, &wish, &found, error);
  free_found (&found);
  ipsec_wish_free (&wish);
  return result;
}

int
ipsec_check (struct ipsec *ipsec, const char *owner, const struct address *local, unsigned port,
             struct tss_error *error)
{
  struct found found = { 0 };
  struct ipsec_wish wish = { 0 };
  if (!ipsec_parse_owner (owner, &wish.owner))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "owner", "field owner: expected eight hexadecimal digits");
  found.owner = wish.owner;
  int result = open_netlink (ipsec, error);
  if (result == 0)
    result = list (ipsec, XFRM_MSG_GETPOLICY, &found, error);
  for (size_t i = 0; i < TSS_LENGTH (directions) && result == 0; i++)
    {
      struct ipsec_policy policy = { .local = *local, .port = (uint16_t)port, .direction = directions[i] };
      if (!has_policy (&found, &policy))
        result
            = tss_error_set (error, TSS_ERROR_STATE, 0, "encrypted", "nothing sees to it that the tunnel is encrypted");
    }
  free_found (&found);
  return result;
}
