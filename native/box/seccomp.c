/* System call filters: compiling them, and putting a process under them. */
#include "seccomp.h"
#include "../common/cleanup.h"
#include "seccomp-profile.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>

struct box_seccomp_filter *
box_seccomp_compile (const json_t *seccomp, struct tss_error *error)
{
  __attribute__ ((cleanup (box_seccomp_profile_free))) struct box_seccomp_profile profile = { 0 };
  __attribute__ ((cleanup (box_seccomp_tables_free))) struct box_seccomp_tables tables = { 0 };
  tss_autofree struct box_seccomp_filter *filter = NULL;
  struct box_seccomp_filter *shrunk;

  if (box_seccomp_profile_parse (seccomp, &profile, error) < 0
      || box_seccomp_tables_make (&profile, &tables, error) < 0)
    return NULL;
  filter = calloc (1, sizeof *filter);
  if (!filter)
    {
      tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.seccomp", "linux.seccomp: compile the filter");
      return NULL;
    }
  if (box_seccomp_program_emit (&profile, &tables, filter, error) < 0)
    return NULL;
  shrunk = realloc (filter, box_seccomp_size (filter));
  if (!shrunk)
    return tss_steal_pointer (&filter);
  filter = NULL;
  return shrunk;
}

int
box_seccomp_check (const json_t *seccomp, struct tss_error *error)
{
  __attribute__ ((cleanup (box_seccomp_profile_free))) struct box_seccomp_profile profile = { 0 };

  return seccomp ? box_seccomp_profile_parse (seccomp, &profile, error) : 0;
}

size_t
box_seccomp_size (const struct box_seccomp_filter *filter)
{
  return offsetof (struct box_seccomp_filter, instructions) + filter->count * sizeof *filter->instructions;
}

int
box_seccomp_apply (const struct box_seccomp_filter *filter, struct tss_error *error)
{
  struct sock_fprog program = { .len = filter->count, .filter = (struct sock_filter *)(uintptr_t)filter->instructions };

  int result = (int)syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);

  return result < 0 ? tss_error_set (error, TSS_ERROR_SECCOMP, errno, "linux.seccomp", "linux.seccomp: load the filter")
                    : result;
}
