/* System call filters: from linux.seccomp to kernel instructions, and into the calling process.
 *
 * libseccomp knows the names and numbers of system calls; the program is made here. Its own compiler needs 10 ms for
 * the profile that engines use by default, more than all the rest of a container's start, and its programs compare the
 * number with every entry in turn. */
#ifndef TSSTACK_BOX_SECCOMP_H
#define TSSTACK_BOX_SECCOMP_H

#include "../common/error.h"

#include <linux/filter.h>
#include <stddef.h>

struct box_seccomp_filter
{
  unsigned int flags; /* SECCOMP_FILTER_FLAG_... */
  unsigned short count;
  struct sock_filter instructions[BPF_MAXINSNS];
};

/* Compiles linux.seccomp. Returns a malloced filter, shrunk to its size, or NULL. System calls that libseccomp does not
 * know are passed over, as every engine's profile names some of them. Where several rules of one system call apply, one
 * with conditions comes before one without, and the first in the profile before later ones. */
struct box_seccomp_filter *box_seccomp_compile (const json_t *seccomp, struct tss_error *error);

/* Refuses what box_seccomp_compile would, for the most part, and sooner. SECCOMP may be NULL. */
int box_seccomp_check (const json_t *seccomp, struct tss_error *error);

/* Bytes that FILTER takes, for sending it to another process. */
size_t box_seccomp_size (const struct box_seccomp_filter *filter);

/* Puts the calling process under FILTER. Needs CAP_SYS_ADMIN or no_new_privs. Returns -1, 0, or the descriptor at which
 * system calls that wait for a decision can be heard; nobody decides while nobody listens. */
int box_seccomp_apply (const struct box_seccomp_filter *filter, struct tss_error *error);

/* Names of the actions, architectures and operators that are understood, NULL-terminated; for `tsstack-box features`.
 */
const char *const *box_seccomp_actions (void);
const char *const *box_seccomp_architectures (void);
const char *const *box_seccomp_operators (void);

/* The flags, up to one without a name. VALUE is for seccomp(2). */
struct box_seccomp_flag
{
  const char *name;
  unsigned int value;
};
const struct box_seccomp_flag *box_seccomp_flags (void);

#endif
