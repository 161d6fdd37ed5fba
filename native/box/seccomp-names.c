/* The words of linux.seccomp and their values in libseccomp. */
#include "../common/cleanup.h"
#include "seccomp-profile.h"
#include "seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

/* Names and values run in parallel, so that the names alone can be listed. */
static const char *const action_names[]
    = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO",  "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG",   "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",         NULL };
static const uint32_t action_values[] = { SECCOMP_RET_ALLOW,        SECCOMP_RET_ERRNO,       SECCOMP_RET_KILL_THREAD,
                                          SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_LOG,
                                          SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_TRAP };

static const char *const architecture_names[]
    = { "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",  "SCMP_ARCH_X32",       "SCMP_ARCH_ARM",      "SCMP_ARCH_AARCH64",
        "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64",  "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",   "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",     "SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X",       "SCMP_ARCH_RISCV64", "SCMP_ARCH_PARISC",    "SCMP_ARCH_PARISC64", NULL };
static const uint32_t architecture_values[]
    = { SCMP_ARCH_X86,         SCMP_ARCH_X86_64,  SCMP_ARCH_X32,       SCMP_ARCH_ARM,     SCMP_ARCH_AARCH64,
        SCMP_ARCH_MIPS,        SCMP_ARCH_MIPS64,  SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL,  SCMP_ARCH_MIPSEL64,
        SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC,     SCMP_ARCH_PPC64,     SCMP_ARCH_PPC64LE, SCMP_ARCH_S390,
        SCMP_ARCH_S390X,       SCMP_ARCH_RISCV64, SCMP_ARCH_PARISC,    SCMP_ARCH_PARISC64 };

/* In the order of enum box_seccomp_operator. */
static const char *const operator_names[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
                                              "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
static int
find_name (const char *const *names, const char *name)
{
  for (int i = 0; names[i]; i++)
    if (strcmp (names[i], name) == 0)
      return i;
  return -1;
}

int
box_seccomp_action_value (const char *name, uint32_t data, uint32_t *value)
{
  int index = find_name (action_names, name);

  if (index < 0)
    return -1;
  *value = action_values[index];
  if (*value == SECCOMP_RET_ERRNO || *value == SECCOMP_RET_TRACE)
    *value |= data & SECCOMP_RET_DATA;
  return 0;
}

int
box_seccomp_architecture_value (const char *name, uint32_t *value)
{
  int index = find_name (architecture_names, name);

  if (index < 0)
    return -1;
  *value = architecture_values[index];
  return 0;
}

int
box_seccomp_operator_value (const char *name, enum box_seccomp_operator *value)
{
  int index = find_name (operator_names, name);

  if (index < 0)
    return -1;
  *value = (enum box_seccomp_operator)index;
  return 0;
}

static const struct box_seccomp_flag flags[] = {
  /* There is one thread and so nothing to synchronise, which the kernel would refuse with a listener. */
  { "SECCOMP_FILTER_FLAG_TSYNC", 0 },
  { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
  { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
  { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
  { NULL, 0 },
};

int
box_seccomp_flag_value (const char *name, unsigned int *value)
{
  for (const struct box_seccomp_flag *flag = flags; flag->name; flag++)
    if (strcmp (flag->name, name) == 0)
      {
        *value = flag->value;
        return 0;
      }
  return -1;
}

const struct box_seccomp_flag *
box_seccomp_flags (void)
{
  return flags;
}

const char *const *
box_seccomp_actions (void)
{
  return action_names;
}

const char *const *
box_seccomp_architectures (void)
{
  return architecture_names;
}

const char *const *
box_seccomp_operators (void)
{
  return operator_names;
}
