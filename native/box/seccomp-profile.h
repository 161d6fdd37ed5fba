/* linux.seccomp in C types, and by the numbers of one architecture. Internal to seccomp*.c. */
#ifndef TSSTACK_BOX_SECCOMP_PROFILE_H
#define TSSTACK_BOX_SECCOMP_PROFILE_H

#include "../common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum
{
  BOX_SECCOMP_ARGUMENTS = 6, /* of a system call */
  BOX_SECCOMP_ARCHITECTURES = 20,
};

enum box_seccomp_operator
{
  BOX_SECCOMP_NE,
  BOX_SECCOMP_LT,
  BOX_SECCOMP_LE,
  BOX_SECCOMP_EQ,
  BOX_SECCOMP_GE,
  BOX_SECCOMP_GT,
  BOX_SECCOMP_MASKED_EQ, /* (argument & value) == value_two */
};

struct box_seccomp_comparison
{
  unsigned int argument;
  enum box_seccomp_operator operation;
  uint64_t value, value_two;
};

/* One rule: applies when all comparisons hold. */
struct box_seccomp_rule
{
  uint32_t action; /* SECCOMP_RET_... with its data */
  struct box_seccomp_comparison comparisons[BOX_SECCOMP_ARGUMENTS];
  unsigned int comparison_count;
};

/* An entry of syscalls: some names, and the rules for each of them. More than one when an argument is compared twice,
 * which means that any of the comparisons is enough. */
struct box_seccomp_entry
{
  const char **names; /* NULL-terminated */
  struct box_seccomp_rule *rules;
  size_t rule_count;
};

struct box_seccomp_profile
{
  uint32_t default_action;
  uint32_t architectures[BOX_SECCOMP_ARCHITECTURES]; /* SCMP_ARCH_..., the host's own among them */
  size_t architecture_count;
  struct box_seccomp_entry *entries;
  size_t entry_count;
  unsigned int flags;
};

int box_seccomp_profile_parse (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error);
void box_seccomp_profile_free (struct box_seccomp_profile *profile);

/* A rule for one number. Tables are long, and sorted: what is in the profile already is not copied. */
struct box_seccomp_call
{
  uint32_t number;
  uint32_t order; /* in the profile */
  uint32_t part;  /* of a combined call: what its first argument has to be for the rule to apply; 0: anything */
  const struct box_seccomp_rule *rule;
};

/* Whether the rule does not apply whatever the arguments are. */
static inline bool
box_seccomp_has_conditions (const struct box_seccomp_call *call)
{
  return call->part || call->rule->comparison_count > 0;
}

/* All calls that the kernel reports under one AUDIT_ARCH_... value. */
struct box_seccomp_table
{
  uint32_t audit;
  bool has_plain, has_x32;        /* x32 shares the value of x86-64 and has numbers of its own */
  struct box_seccomp_call *calls; /* sorted by number, then as they are to be tried */
  size_t count, capacity;
};

struct box_seccomp_tables
{
  struct box_seccomp_table tables[BOX_SECCOMP_ARCHITECTURES];
  size_t count;
};

/* The tables point into the profile. */
int box_seccomp_tables_make (const struct box_seccomp_profile *profile, struct box_seccomp_tables *tables,
                             struct tss_error *error);
void box_seccomp_tables_free (struct box_seccomp_tables *tables);

struct box_seccomp_filter;

/* Writes the program for the tables. */
int box_seccomp_program_emit (const struct box_seccomp_profile *profile, const struct box_seccomp_tables *tables,
                              struct box_seccomp_filter *filter, struct tss_error *error);

/* Has tests jump to one return rather than to an equal one of their own. */
void box_seccomp_share_returns (struct box_seccomp_filter *filter);

/* Words of the spec. Each returns 0 and sets *VALUE, or -1 when the word is unknown. */
int box_seccomp_action_value (const char *name, uint32_t data, uint32_t *value);
int box_seccomp_architecture_value (const char *name, uint32_t *value);
int box_seccomp_operator_value (const char *name, enum box_seccomp_operator *value);
int box_seccomp_flag_value (const char *name, unsigned int *value);

#endif
