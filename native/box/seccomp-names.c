/* The words of linux.seccomp and their values in libseccomp. */
#include "seccomp-names.h"
#include "../common/cleanup.h"
#include "seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

/* Names and values run in parallel, so that the names alone can be listed. */
static const char *const action_names[] = { "SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
                                            "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
                                            "SCMP_ACT_TRACE",        "SCMP_ACT_TRAP",        NULL };
static const uint32_t action_values[]
    = { SCMP_ACT_ALLOW,       SCMP_ACT_ERRNO (0), SCMP_ACT_KILL_THREAD, SCMP_ACT_KILL_PROCESS,
        SCMP_ACT_KILL_THREAD, SCMP_ACT_LOG,       SCMP_ACT_TRACE (0),   SCMP_ACT_TRAP };

static const char *const architecture_names[] = { "SCMP_ARCH_X86",      "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",
                                                  "SCMP_ARCH_ARM",      "SCMP_ARCH_AARCH64",     "SCMP_ARCH_MIPS",
                                                  "SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
                                                  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
                                                  "SCMP_ARCH_PPC64",    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_S390",
                                                  "SCMP_ARCH_S390X",    "SCMP_ARCH_RISCV64",     NULL };
static const uint32_t architecture_values[]
    = { SCMP_ARCH_X86,         SCMP_ARCH_X86_64, SCMP_ARCH_X32,       SCMP_ARCH_ARM,     SCMP_ARCH_AARCH64,
        SCMP_ARCH_MIPS,        SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL,  SCMP_ARCH_MIPSEL64,
        SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC,    SCMP_ARCH_PPC64,     SCMP_ARCH_PPC64LE, SCMP_ARCH_S390,
        SCMP_ARCH_S390X,       SCMP_ARCH_RISCV64 };

static const char *const operator_names[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
                                              "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
static const int operator_values[]
    = { SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ };

static int
find_name (const char *const *names, const char *name)
{
  for (int i = 0; names[i]; i++)
    if (strcmp (names[i], name) == 0)
      return i;
  return -1;
}

int
box_seccomp_action_value (const char *name, uint32_t errno_value, uint32_t *value)
{
  int index = find_name (action_names, name);

  if (index < 0)
    return -1;
  *value = action_values[index];
  if (*value == SCMP_ACT_ERRNO (0))
    *value = SCMP_ACT_ERRNO (errno_value);
  else if (*value == SCMP_ACT_TRACE (0))
    *value = SCMP_ACT_TRACE (errno_value);
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
box_seccomp_operator_value (const char *name, int *value)
{
  int index = find_name (operator_names, name);

  if (index < 0)
    return -1;
  *value = operator_values[index];
  return 0;
}

int
box_seccomp_flag_value (const char *name, unsigned int *value)
{
  static const struct
  {
    const char *name;
    unsigned int value;
  } flags[] = { { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
                { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
                { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW } };

  for (size_t i = 0; i < TSS_LENGTH (flags); i++)
    if (strcmp (flags[i].name, name) == 0)
      {
        *value = flags[i].value;
        return 0;
      }
  return -1;
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
