/* From tables of system calls to a program for the kernel: a binary search over ranges of numbers that are treated
 * alike. */
#include "../common/cleanup.h"
#include "seccomp-profile.h"
#include "seccomp.h"

#include <endian.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

/* Bit that marks the numbers of x32. */
#define X32_BIT UINT32_C (0x40000000)

/* Numbers from FIRST to the next range's; either all get ACTION, or it is one number with rules. */
struct range
{
  uint32_t first;
  uint32_t action;
  const struct box_seccomp_call *calls; /* or NULL */
  size_t call_count;
};

struct ranges
{
  struct range *items;
  size_t count;
};

struct emitter
{
  struct box_seccomp_filter *filter;
  uint32_t default_action;
  bool wide;   /* the architecture at hand has 64-bit arguments */
  bool narrow; /* but not the call at hand */
  bool full;
};

static size_t
emit (struct emitter *emitter, uint16_t code, uint32_t value, uint8_t jump_true, uint8_t jump_false)
{
  if (emitter->filter->count == BPF_MAXINSNS)
    {
      emitter->full = true;
      return 0;
    }
  emitter->filter->instructions[emitter->filter->count]
      = (struct sock_filter){ .code = code, .jt = jump_true, .jf = jump_false, .k = value };
  return emitter->filter->count++;
}

static void
emit_return (struct emitter *emitter, uint32_t action)
{
  emit (emitter, BPF_RET | BPF_K, action, 0, 0);
}

/* Plain jumps reach any place; their distance is filled in when the target is known. */
static void
land (struct emitter *emitter, size_t jump)
{
  emitter->filter->instructions[jump].k = (uint32_t)(emitter->filter->count - jump - 1);
}

/* Makes room for one instruction at PLACE. What follows jumps within itself alone. */
static void
insert_jump (struct emitter *emitter, size_t place, uint32_t distance)
{
  struct sock_filter *at = &emitter->filter->instructions[place];
  size_t behind = emitter->filter->count - place;

  emit (emitter, 0, 0, 0, 0);
  if (emitter->full)
    return;
  memmove (at + 1, at, behind * sizeof *at);
  *at = (struct sock_filter){ .code = BPF_JMP | BPF_JA, .k = distance };
}

static void
load_half (struct emitter *emitter, unsigned int argument, bool high)
{
  bool second = high == (__BYTE_ORDER == __LITTLE_ENDIAN);
  size_t offset = offsetof (struct seccomp_data, args) + argument * sizeof (uint64_t) + (second ? 4 : 0);

  emit (emitter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The tests below are written for "holds: go on, fails: jump"; FAIL and HOLD are filled in by finish_tests, once the
 * place behind the comparison and behind the rule are known. */
enum
{
  NEXT = 0,
  HOLD = 254,
  FAIL = 255,
};

static void
emit_test (struct emitter *emitter, uint16_t code, uint32_t value, uint8_t jump_true, uint8_t jump_false)
{
  emit (emitter, (uint16_t)(BPF_JMP | code | BPF_K), value, jump_true, jump_false);
}

/* What the argument, or its part under the mask, is compared with. As libseccomp has it, bits outside of the mask do
 * not count: a rule with some would never apply. */
static uint64_t
wanted_value (const struct box_seccomp_comparison *comparison)
{
  return comparison->operation == BOX_SECCOMP_MASKED_EQ ? comparison->value_two & comparison->value : comparison->value;
}

/* The upper half of a 32-bit argument can hold anything that a 64-bit program leaves there, and the kernel takes no
 * notice: nor may we. */
static void
emit_narrow_comparison (struct emitter *emitter, const struct box_seccomp_comparison *comparison)
{
  static const struct
  {
    uint16_t code;
    uint8_t jump_true, jump_false;
  } tests[] = {
    [BOX_SECCOMP_NE] = { BPF_JEQ, FAIL, HOLD },        [BOX_SECCOMP_LT] = { BPF_JGE, FAIL, HOLD },
    [BOX_SECCOMP_LE] = { BPF_JGT, FAIL, HOLD },        [BOX_SECCOMP_EQ] = { BPF_JEQ, HOLD, FAIL },
    [BOX_SECCOMP_GE] = { BPF_JGE, HOLD, FAIL },        [BOX_SECCOMP_GT] = { BPF_JGT, HOLD, FAIL },
    [BOX_SECCOMP_MASKED_EQ] = { BPF_JEQ, HOLD, FAIL },
  };

  load_half (emitter, comparison->argument, false);
  if (comparison->operation == BOX_SECCOMP_MASKED_EQ)
    emit (emitter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)comparison->value, 0, 0);
  emit_test (emitter, tests[comparison->operation].code, (uint32_t)wanted_value (comparison),
             tests[comparison->operation].jump_true, tests[comparison->operation].jump_false);
}

/* Arguments have 64 bits, the machine 32: the upper halves decide unless they are equal. */
static void
emit_wide_comparison (struct emitter *emitter, const struct box_seccomp_comparison *comparison)
{
  const uint64_t wanted = wanted_value (comparison);
  const uint32_t high = (uint32_t)(wanted >> 32), low = (uint32_t)wanted;

  load_half (emitter, comparison->argument, true);
  switch (comparison->operation)
    {
    case BOX_SECCOMP_EQ:
      emit_test (emitter, BPF_JEQ, high, NEXT, FAIL);
      load_half (emitter, comparison->argument, false);
      emit_test (emitter, BPF_JEQ, low, HOLD, FAIL);
      break;
    case BOX_SECCOMP_NE:
      emit_test (emitter, BPF_JEQ, high, NEXT, HOLD);
      load_half (emitter, comparison->argument, false);
      emit_test (emitter, BPF_JEQ, low, FAIL, HOLD);
      break;
    case BOX_SECCOMP_MASKED_EQ:
      emit (emitter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(comparison->value >> 32), 0, 0);
      emit_test (emitter, BPF_JEQ, high, NEXT, FAIL);
      load_half (emitter, comparison->argument, false);
      emit (emitter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)comparison->value, 0, 0);
      emit_test (emitter, BPF_JEQ, low, HOLD, FAIL);
      break;
    case BOX_SECCOMP_GT:
    case BOX_SECCOMP_GE:
      emit_test (emitter, BPF_JGT, high, HOLD, NEXT);
      emit_test (emitter, BPF_JEQ, high, NEXT, FAIL);
      load_half (emitter, comparison->argument, false);
      emit_test (emitter, comparison->operation == BOX_SECCOMP_GT ? BPF_JGT : BPF_JGE, low, HOLD, FAIL);
      break;
    case BOX_SECCOMP_LT:
    case BOX_SECCOMP_LE:
      emit_test (emitter, BPF_JGT, high, FAIL, NEXT);
      emit_test (emitter, BPF_JEQ, high, NEXT, HOLD);
      load_half (emitter, comparison->argument, false);
      emit_test (emitter, comparison->operation == BOX_SECCOMP_LE ? BPF_JGT : BPF_JGE, low, FAIL, HOLD);
      break;
    }
}

/* Points every test from FIRST on that still says FROM to the next instruction. */
static void
finish_tests (struct emitter *emitter, size_t first, uint8_t from)
{
  for (size_t i = first; i < emitter->filter->count; i++)
    {
      struct sock_filter *instruction = &emitter->filter->instructions[i];
      uint8_t distance = (uint8_t)(emitter->filter->count - i - 1);

      if (BPF_CLASS (instruction->code) != BPF_JMP)
        continue;
      if (instruction->jt == from)
        instruction->jt = distance;
      if (instruction->jf == from)
        instruction->jf = distance;
    }
}

static void
emit_comparison (struct emitter *emitter, const struct box_seccomp_comparison *comparison)
{
  size_t first = emitter->filter->count;

  (emitter->narrow ? emit_narrow_comparison : emit_wide_comparison) (emitter, comparison);
  finish_tests (emitter, first, HOLD);
}

/* At most 6 comparisons of 7 instructions: well within reach of the tests. */
static void
emit_rule (struct emitter *emitter, const struct box_seccomp_call *call)
{
  const struct box_seccomp_comparison part = { .argument = 0, .operation = BOX_SECCOMP_EQ, .value = call->part };
  size_t first = emitter->filter->count;

  if (call->part)
    emit_comparison (emitter, &part);
  for (unsigned int i = 0; i < call->rule->comparison_count; i++)
    emit_comparison (emitter, &call->rule->comparisons[i]);
  emit_return (emitter, call->rule->action);
  finish_tests (emitter, first, FAIL);
}

static void
emit_range (struct emitter *emitter, const struct range *range)
{
  emitter->narrow = !emitter->wide || range->first >= X32_BIT;
  for (size_t i = 0; i < range->call_count; i++)
    {
      emit_rule (emitter, &range->calls[i]);
      if (!box_seccomp_has_conditions (&range->calls[i]))
        return;
    }
  emit_return (emitter, range->call_count ? emitter->default_action : range->action);
}

/* What the kernel makes of the program, and what it then runs at each system call, is the shorter the fewer plain jumps
 * it needs: conditional ones reach 255 instructions. */
static void
emit_search (struct emitter *emitter, const struct range *ranges, size_t count)
{
  size_t middle = count / 2, test, lower;

  if (count == 1)
    {
      emit_range (emitter, ranges);
      return;
    }
  test = emit (emitter, BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 0);
  emit_search (emitter, ranges, middle);
  lower = emitter->filter->count - test - 1;
  if (lower <= UINT8_MAX)
    emitter->filter->instructions[test].jt = (uint8_t)lower;
  else
    {
      emitter->filter->instructions[test].jf = 1;
      insert_jump (emitter, test + 1, (uint32_t)lower);
    }
  emit_search (emitter, ranges + middle, count - middle);
}

static bool
is_plain (const struct range *range)
{
  return range->call_count == 0 || !box_seccomp_has_conditions (range->calls);
}

static uint32_t
plain_action (const struct range *range)
{
  return range->call_count == 0 ? range->action : range->calls[0].rule->action;
}

/* Neighbours that are treated alike become one. */
static void
append_range (struct ranges *ranges, struct range range)
{
  struct range *last = ranges->count ? &ranges->items[ranges->count - 1] : NULL;

  /* The gap behind the last call is empty. */
  if (last && last->first == range.first)
    last = --ranges->count ? last - 1 : NULL;
  if (last && is_plain (last) && is_plain (&range) && plain_action (last) == plain_action (&range))
    return;
  ranges->items[ranges->count++] = range;
}

/* Calls that are newer than everything in the profile do not exist, as far as it knows: programs then fall back to
 * older ones, while EPERM would make them fail. */
static uint32_t
action_for_newer (uint32_t default_action)
{
  return default_action == (SECCOMP_RET_ERRNO | EPERM) ? SECCOMP_RET_ERRNO | ENOSYS : default_action;
}

/* The calls from FIRST on with numbers below END become ranges, with those in between and above. */
static size_t
append_calls (struct ranges *ranges, const struct box_seccomp_table *table, size_t index, uint32_t first, uint64_t end,
              uint32_t default_action)
{
  append_range (ranges, (struct range){ .first = first, .action = default_action });
  while (index < table->count && table->calls[index].number < end)
    {
      const struct box_seccomp_call *call = &table->calls[index];
      size_t count = 1;
      bool more;

      while (index + count < table->count && table->calls[index + count].number == call->number)
        count++;
      append_range (ranges, (struct range){ .first = call->number, .calls = call, .call_count = count });
      index += count;
      more = index < table->count && table->calls[index].number < end;
      append_range (ranges, (struct range){ .first = call->number + 1,
                                            .action = more ? default_action : action_for_newer (default_action) });
    }
  return index;
}

static int
emit_table (struct emitter *emitter, const struct box_seccomp_table *table)
{
  /* What libseccomp does about calls of an architecture that the profile does not name. */
  const uint32_t foreign = SECCOMP_RET_KILL_THREAD;
  bool shared = table->audit == AUDIT_ARCH_X86_64;
  tss_autofree struct range *items = calloc (2 * table->count + 3, sizeof *items);
  struct ranges ranges = { .items = items };
  size_t index = 0;

  if (!items)
    return -1;
  if (table->has_plain)
    index = append_calls (&ranges, table, 0, 0, shared ? X32_BIT : UINT64_C (1) << 32, emitter->default_action);
  else
    append_range (&ranges, (struct range){ .first = 0, .action = foreign });
  if (shared && table->has_x32)
    append_calls (&ranges, table, index, X32_BIT, UINT64_C (1) << 32, emitter->default_action);
  else if (shared)
    append_range (&ranges, (struct range){ .first = X32_BIT, .action = foreign });
  emit_search (emitter, ranges.items, ranges.count);
  return 0;
}

int
box_seccomp_program_emit (const struct box_seccomp_profile *profile, const struct box_seccomp_tables *tables,
                          struct box_seccomp_filter *filter, struct tss_error *error)
{
  struct emitter emitter = { .filter = filter, .default_action = profile->default_action };

  for (size_t i = 0; i < tables->count; i++)
    {
      size_t jump;

      emitter.wide = tables->tables[i].audit & __AUDIT_ARCH_64BIT;
      emit (&emitter, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch), 0, 0);
      emit (&emitter, BPF_JMP | BPF_JEQ | BPF_K, tables->tables[i].audit, 1, 0);
      jump = emit (&emitter, BPF_JMP | BPF_JA, 0, 0, 0);
      emit (&emitter, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr), 0, 0);
      if (emit_table (&emitter, &tables->tables[i]) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.seccomp", "linux.seccomp: compile the filter");
      land (&emitter, jump);
    }
  emit_return (&emitter, SECCOMP_RET_KILL_THREAD);
  if (emitter.full)
    return tss_error_set (error, TSS_ERROR_SECCOMP, E2BIG, "linux.seccomp", "linux.seccomp: compile the filter");
  box_seccomp_share_returns (filter);
  filter->flags = profile->flags;
  return 0;
}
