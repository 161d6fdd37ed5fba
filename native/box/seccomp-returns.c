/* Makes a filter shorter: what leads to equal returns leads to one of them, as far as a jump reaches. The kernel takes
 * time for every instruction when the filter is loaded, and that is when everybody waits for the container. */
#include "../common/cleanup.h"
#include "seccomp-profile.h"
#include "seccomp.h"

enum
{
  ACTIONS_MAX = 16, /* different returns that are shared; profiles have three or four */
};

/* The return of each action that jumps from before it are led to. */
struct returns
{
  size_t places[ACTIONS_MAX];
  size_t count;
};

static bool
is_return (const struct sock_filter *instruction)
{
  return BPF_CLASS (instruction->code) == BPF_RET;
}

static bool
is_plain_jump (const struct sock_filter *instruction)
{
  return instruction->code == (BPF_JMP | BPF_JA);
}

static bool
is_test (const struct sock_filter *instruction)
{
  return BPF_CLASS (instruction->code) == BPF_JMP && !is_plain_jump (instruction);
}

/* Where the test at PLACE may as well jump to instead of TARGET. */
static size_t
choose_return (const struct sock_filter *program, struct returns *returns, size_t place, size_t target)
{
  size_t i = 0;

  if (!is_return (&program[target]))
    return target;
  while (i < returns->count && program[returns->places[i]].k != program[target].k)
    i++;
  if (i == ACTIONS_MAX)
    return target;
  if (i == returns->count)
    returns->places[returns->count++] = target;
  else if (returns->places[i] - place - 1 > UINT8_MAX)
    returns->places[i] = target;
  return returns->places[i];
}

/* From the end on: so the last return of its kind is the one that is shared. */
static void
redirect (struct box_seccomp_filter *filter)
{
  struct sock_filter *program = filter->instructions;
  struct returns returns = { 0 };

  for (size_t i = filter->count; i-- > 0;)
    {
      struct sock_filter *at = &program[i];

      if (is_plain_jump (at) && is_return (&program[i + 1 + at->k]))
        *at = program[i + 1 + at->k];
      else if (is_test (at))
        {
          at->jt = (uint8_t)(choose_return (program, &returns, i, i + 1 + at->jt) - i - 1);
          at->jf = (uint8_t)(choose_return (program, &returns, i, i + 1 + at->jf) - i - 1);
        }
    }
}

/* Sets REACHED for what can be run. All jumps go forward. */
static void
find_reached (const struct box_seccomp_filter *filter, bool *reached)
{
  const struct sock_filter *program = filter->instructions;

  reached[0] = true;
  for (size_t i = 0; i < filter->count; i++)
    {
      if (!reached[i] || is_return (&program[i]))
        continue;
      if (is_test (&program[i]))
        reached[i + 1 + program[i].jt] = reached[i + 1 + program[i].jf] = true;
      else
        reached[i + 1 + (is_plain_jump (&program[i]) ? program[i].k : 0)] = true;
    }
}

/* Takes away the others. */
static void
close_up (struct box_seccomp_filter *filter, const bool *reached)
{
  struct sock_filter *program = filter->instructions;
  size_t places[BPF_MAXINSNS], count = 0;

  for (size_t i = 0; i < filter->count; i++)
    {
      places[i] = count;
      count += reached[i];
    }
  for (size_t i = 0; i < filter->count; i++)
    {
      struct sock_filter moved = program[i];

      if (!reached[i])
        continue;
      if (is_test (&moved))
        {
          moved.jt = (uint8_t)(places[i + 1 + moved.jt] - places[i] - 1);
          moved.jf = (uint8_t)(places[i + 1 + moved.jf] - places[i] - 1);
        }
      else if (is_plain_jump (&moved))
        moved.k = (uint32_t)(places[i + 1 + moved.k] - places[i] - 1);
      program[places[i]] = moved;
    }
  filter->count = (unsigned short)count;
}

void
box_seccomp_share_returns (struct box_seccomp_filter *filter)
{
  bool reached[BPF_MAXINSNS] = { false };

  redirect (filter);
  find_reached (filter, reached);
  close_up (filter, reached);
}
