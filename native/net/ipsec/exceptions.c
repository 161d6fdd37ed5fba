#include "exceptions.h"
#include "found.h"

static bool
contains (const struct ipsec_exception *all, size_t count, const struct ipsec_exception *exception)
{
  for (size_t i = 0; i < count; i++)
    if (ipsec_is_same_exception (&all[i], exception))
      return true;
  return false;
}

/* Nothing in an exception tells whose it is, but what it is an exception from can only be one owner's. */
static int
delete_others (struct ipsec *ipsec, const struct ipsec_found *found, const struct ipsec_exception *wanted, size_t count,
               struct tss_error *error)
{
  struct netlink_batch batch;
  size_t there_count;
  const struct ipsec_exception *there = ipsec_found_exceptions (found, &there_count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < there_count; i++)
    {
      if (ipsec_found_has_policy (found, &there[i].from) && !contains (wanted, count, &there[i]))
        ipsec_delete_exception (&batch, &there[i]);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
}

static int
write_wanted (struct ipsec *ipsec, const struct ipsec_found *found, const struct ipsec_exception *wanted, size_t count,
              bool anew, struct tss_error *error)
{
  struct netlink_batch batch;
  size_t there_count;
  const struct ipsec_exception *there = ipsec_found_exceptions (found, &there_count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      /* An address that is this host's no more needs none. */
      if (ipsec_found_has_policy (found, &wanted[i].from) && (anew || !contains (there, there_count, &wanted[i])))
        ipsec_add_exception (&batch, &wanted[i]);
      if (netlink_flush (&ipsec->xfrm, &batch, IPSEC_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&ipsec->xfrm, &batch, 1, error);
}

int
ipsec_except (struct ipsec *ipsec, uint32_t owner, const struct ipsec_exception *wanted, size_t count, bool anew,
              struct tss_error *error)
{
  struct ipsec_found found = { .owner = owner };
  int result = ipsec_open (ipsec, error);
  if (result == 0)
    result = ipsec_found_list (&found, &ipsec->xfrm, XFRM_MSG_GETPOLICY, error);
  if (result == 0)
    result = delete_others (ipsec, &found, wanted, count, error);
  if (result == 0)
    result = write_wanted (ipsec, &found, wanted, count, anew, error);
  ipsec_found_free (&found);
  return result;
}
