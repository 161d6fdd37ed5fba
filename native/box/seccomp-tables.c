/* The names of a profile as the numbers of each architecture. */
#include "../common/cleanup.h"
#include "seccomp-profile.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>

/* 32-bit x86 has most socket and System V IPC calls twice: as parts of socketcall and ipc, told apart by their first
 * argument, and since Linux 4.3 and 5.1 as calls of their own. libseccomp names the former by negative numbers: -100 -
 * n and -200 - n for part n. */
enum
{
  X86_SOCKETCALL = 102,
  X86_IPC = 117,
  X86_NONE = 0,
};

static const uint32_t x86_sockets[] = {
  [1] = 359 /* socket */,      [2] = 361 /* bind */,        [3] = 362 /* connect */,     [4] = 363 /* listen */,
  [6] = 367 /* getsockname */, [7] = 368 /* getpeername */, [8] = 360 /* socketpair */,  [11] = 369 /* sendto */,
  [12] = 371 /* recvfrom */,   [13] = 373 /* shutdown */,   [14] = 366 /* setsockopt */, [15] = 365 /* getsockopt */,
  [16] = 370 /* sendmsg */,    [17] = 372 /* recvmsg */,    [18] = 364 /* accept4 */,    [19] = 337 /* recvmmsg */,
  [20] = 345 /* sendmmsg */,
};

static const uint32_t x86_ipc[] = {
  [2] = 393 /* semget */,  [3] = 394 /* semctl */,  [11] = 400 /* msgsnd */, [12] = 401 /* msgrcv */,
  [13] = 399 /* msgget */, [14] = 402 /* msgctl */, [21] = 397 /* shmat */,  [22] = 398 /* shmdt */,
  [23] = 395 /* shmget */, [24] = 396 /* shmctl */,
};

static int
add_call (struct box_seccomp_table *table, uint32_t number, uint32_t part, const struct box_seccomp_rule *rule)
{
  if (table->count == table->capacity)
    {
      size_t capacity = table->capacity ? table->capacity * 2 : 512;
      struct box_seccomp_call *larger = reallocarray (table->calls, capacity, sizeof *larger);

      if (!larger)
        return -1;
      table->calls = larger;
      table->capacity = capacity;
    }
  table->calls[table->count]
      = (struct box_seccomp_call){ .number = number, .order = (uint32_t)table->count, .part = part, .rule = rule };
  table->count++;
  return 0;
}

/* A rule with conditions is about arguments that the combined call has only behind a pointer, so that it goes to the
 * call of its own alone. */
static int
add_combined_call (struct box_seccomp_table *table, uint32_t combined, int part, uint32_t own,
                   const struct box_seccomp_rule *rule)
{
  if (own != X86_NONE && add_call (table, own, 0, rule) < 0)
    return -1;
  return rule->comparison_count > 0 ? 0 : add_call (table, combined, (uint32_t)part, rule);
}

static int
add_number (struct box_seccomp_table *table, uint32_t architecture, int number, const struct box_seccomp_rule *rule)
{
  if (number >= 0)
    return add_call (table, (uint32_t)number, 0, rule);
  if (architecture != SCMP_ARCH_X86)
    return 0;
  if (number <= -101 && number >= -120)
    return add_combined_call (table, X86_SOCKETCALL, -100 - number, x86_sockets[-100 - number], rule);
  if (number <= -201 && number >= -224)
    return add_combined_call (table, X86_IPC, -200 - number, x86_ipc[-200 - number], rule);
  return 0;
}

static int
add_entry (struct box_seccomp_table *table, uint32_t architecture, const struct box_seccomp_entry *entry)
{
  for (const char **name = entry->names; *name; name++)
    {
      int number = seccomp_syscall_resolve_name_arch (architecture, *name);

      for (size_t i = 0; number != __NR_SCMP_ERROR && i < entry->rule_count; i++)
        if (add_number (table, architecture, number, &entry->rules[i]) < 0)
          return -1;
    }
  return 0;
}

/* By number; then those with conditions first; then as in the profile. */
static int
compare_calls (const void *left, const void *right)
{
  const struct box_seccomp_call *a = left, *b = right;

  if (a->number != b->number)
    return a->number < b->number ? -1 : 1;
  if (box_seccomp_has_conditions (a) != box_seccomp_has_conditions (b))
    return box_seccomp_has_conditions (a) ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

static struct box_seccomp_table *
find_table (struct box_seccomp_tables *tables, uint32_t audit)
{
  for (size_t i = 0; i < tables->count; i++)
    if (tables->tables[i].audit == audit)
      return &tables->tables[i];
  tables->tables[tables->count] = (struct box_seccomp_table){ .audit = audit };
  return &tables->tables[tables->count++];
}

static int
add_architecture (struct box_seccomp_tables *tables, const struct box_seccomp_profile *profile, uint32_t architecture)
{
  bool x32 = architecture == SCMP_ARCH_X32;
  struct box_seccomp_table *table = find_table (tables, x32 ? AUDIT_ARCH_X86_64 : architecture);

  *(x32 ? &table->has_x32 : &table->has_plain) = true;
  for (size_t i = 0; i < profile->entry_count; i++)
    if (add_entry (table, architecture, &profile->entries[i]) < 0)
      return -1;
  return 0;
}

int
box_seccomp_tables_make (const struct box_seccomp_profile *profile, struct box_seccomp_tables *tables,
                         struct tss_error *error)
{
  *tables = (struct box_seccomp_tables){ 0 };
  for (size_t i = 0; i < profile->architecture_count; i++)
    if (add_architecture (tables, profile, profile->architectures[i]) < 0)
      {
        box_seccomp_tables_free (tables);
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.seccomp", "linux.seccomp: compile the filter");
      }
  for (size_t i = 0; i < tables->count; i++)
    if (tables->tables[i].count > 0)
      qsort (tables->tables[i].calls, tables->tables[i].count, sizeof *tables->tables[i].calls, compare_calls);
  return 0;
}

void
box_seccomp_tables_free (struct box_seccomp_tables *tables)
{
  for (size_t i = 0; i < tables->count; i++)
    free (tables->tables[i].calls);
  *tables = (struct box_seccomp_tables){ 0 };
}
