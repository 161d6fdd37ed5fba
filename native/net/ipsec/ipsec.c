#include "ipsec.h"
#include "../../common/cleanup.h"
#include "../memory.h"
#include "barrier.h"
#include "found.h"
#include "wish.h"

#include <string.h>

static const uint8_t directions[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT };

int
ipsec_open (struct ipsec *ipsec, struct tss_error *error)
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

static bool
is_same_association (const struct ipsec_association *a, const struct ipsec_association *b)
{
  return a->spi == b->spi && address_equal (&a->source, &b->source) && address_equal (&a->destination, &b->destination)
         && memcmp (a->key, b->key, sizeof a->key) == 0;
}

static int
add_policies (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct ipsec_found *found,
              struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < TSS_LENGTH (directions); i++)
    {
      struct ipsec_policy policy = { .local = wish->local, .port = wish->port, .direction = directions[i] };
      if (!ipsec_found_has_policy (found, &policy))
        ipsec_add_policy (&batch, wish->owner, &policy);
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
}

/* Before what they are exceptions from: nobody would know any more whose they are. */
static int
delete_exceptions (struct ipsec *ipsec, const struct ipsec_policy *from, const struct ipsec_found *found,
                   struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  const struct ipsec_exception *all = ipsec_found_exceptions (found, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      if (ipsec_is_same_policy (&all[i].from, from))
        ipsec_delete_exception (&batch, &all[i]);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
}

static int
delete_policies (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct ipsec_found *found,
                 struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  const struct ipsec_policy *all = ipsec_found_policies (found, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      bool is_wanted = wish->has_local && all[i].port == wish->port && address_equal (&all[i].local, &wish->local);
      if (!is_wanted && delete_exceptions (ipsec, &all[i], found, error) < 0)
        return -1;
      if (!is_wanted)
        ipsec_delete_policy (&batch, &all[i]);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
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
add_associations (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct ipsec_found *found, bool incoming,
                  struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  const struct ipsec_association *there = ipsec_found_associations (found, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < wish->count; i++)
    {
      const struct ipsec_association *wanted = &wish->associations[i];
      if (address_equal (&wanted->destination, &wish->local) == incoming && !contains (there, count, wanted))
        ipsec_add_association (&batch, wish->owner, wanted);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
}

static bool
is_number_wanted (const struct ipsec_wish *wish, const struct ipsec_association *association)
{
  for (size_t i = 0; i < wish->count; i++)
    if (wish->associations[i].spi == association->spi
        && address_equal (&wish->associations[i].destination, &association->destination))
      return true;
  return false;
}

/* NUMBERS_ONLY: those whose number is to have another key or another source; they make way before that is added. */
static int
delete_associations (struct ipsec *ipsec, const struct ipsec_wish *wish, const struct ipsec_found *found,
                     bool numbers_only, struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  const struct ipsec_association *there = ipsec_found_associations (found, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      if (!contains (wish->associations, wish->count, &there[i]) && is_number_wanted (wish, &there[i]) == numbers_only)
        ipsec_delete_association (&batch, &there[i]);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
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
apply (struct ipsec *ipsec, struct ipsec_wish *wish, struct ipsec_found *found, struct tss_error *error)
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
  struct ipsec_found found = { .owner = wish.owner };
  int result = ipsec_open (ipsec, error);
  if (result == 0)
    result = ipsec_found_list (&found, &ipsec->xfrm, XFRM_MSG_GETPOLICY, error);
  if (result == 0)
    result = ipsec_found_list (&found, &ipsec->xfrm, XFRM_MSG_GETSA, error);
  if (result == 0)
    result = apply (ipsec, &wish, &found, error);
  ipsec_found_free (&found);
  ipsec_wish_free (&wish);
  return result;
}

int
ipsec_check (struct ipsec *ipsec, const char *owner, const struct address *local, unsigned port,
             struct tss_error *error)
{
  struct ipsec_found found = { 0 };
  struct ipsec_wish wish = { 0 };
  if (!ipsec_parse_owner (owner, &wish.owner))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "owner", "field owner: expected eight hexadecimal digits");
  found.owner = wish.owner;
  int result = ipsec_open (ipsec, error);
  if (result == 0)
    result = ipsec_found_list (&found, &ipsec->xfrm, XFRM_MSG_GETPOLICY, error);
  for (size_t i = 0; i < TSS_LENGTH (directions) && result == 0; i++)
    {
      struct ipsec_policy policy = { .local = *local, .port = (uint16_t)port, .direction = directions[i] };
      if (!ipsec_found_has_policy (&found, &policy))
        result
            = tss_error_set (error, TSS_ERROR_STATE, 0, "encrypted", "nothing sees to it that the tunnel is encrypted");
    }
  ipsec_found_free (&found);
  return result;
}
