#include "found.h"
#include "../memory.h"

#include <string.h>

static void
note (const struct nlmsghdr *message, void *context)
{
  struct ipsec_found *found = context;
  struct ipsec_association association = { 0 };
  struct ipsec_policy policy = { 0 };
  struct ipsec_exception exception = { 0 };
  if (ipsec_read_association (message, found->owner, &association))
    memory_append (&found->associations, &association, sizeof association);
  else if (ipsec_read_policy (message, found->owner, &policy))
    memory_append (&found->policies, &policy, sizeof policy);
  else if (ipsec_read_exception (message, &exception))
    memory_append (&found->exceptions, &exception, sizeof exception);
  explicit_bzero (&association, sizeof association);
}

int
ipsec_found_list (struct ipsec_found *found, struct netlink *xfrm, uint16_t type, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  ipsec_list (&batch, type);
  return netlink_dump (xfrm, &batch, note, found, error);
}

void
ipsec_found_free (struct ipsec_found *found)
{
  if (buffer_length (&found->associations) > 0)
    explicit_bzero (buffer_bytes (&found->associations), buffer_length (&found->associations));
  buffer_free (&found->associations);
  buffer_free (&found->policies);
  buffer_free (&found->exceptions);
}

const struct ipsec_association *
ipsec_found_associations (const struct ipsec_found *found, size_t *count)
{
  *count = buffer_length (&found->associations) / sizeof (struct ipsec_association);
  return (const struct ipsec_association *)(const void *)buffer_bytes (&found->associations);
}

const struct ipsec_policy *
ipsec_found_policies (const struct ipsec_found *found, size_t *count)
{
  *count = buffer_length (&found->policies) / sizeof (struct ipsec_policy);
  return (const struct ipsec_policy *)(const void *)buffer_bytes (&found->policies);
}

const struct ipsec_exception *
ipsec_found_exceptions (const struct ipsec_found *found, size_t *count)
{
  *count = buffer_length (&found->exceptions) / sizeof (struct ipsec_exception);
  return (const struct ipsec_exception *)(const void *)buffer_bytes (&found->exceptions);
}

bool
ipsec_found_has_policy (const struct ipsec_found *found, const struct ipsec_policy *policy)
{
  size_t count;
  const struct ipsec_policy *all = ipsec_found_policies (found, &count);
  for (size_t i = 0; i < count; i++)
    if (ipsec_is_same_policy (&all[i], policy))
      return true;
  return false;
}
