/* The five capability sets of a process, and the kernel calls that set them. */
#include "capabilities.h"
#include "../common/cleanup.h"
#include "../common/json.h"

#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* By number, as in <linux/capability.h>. */
static const char *const capability_names[] = {
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
};

int
box_capability_number (const char *name)
{
  size_t prefix = strncasecmp (name, "CAP_", 4) == 0 ? 0 : 4;

  for (size_t i = 0; i < TSS_LENGTH (capability_names); i++)
    if (strcasecmp (capability_names[i] + prefix, name) == 0)
      return (int)i;
  return -1;
}

const char *
box_capability_name (int number)
{
  return number >= 0 && (size_t)number < TSS_LENGTH (capability_names) ? capability_names[number] : NULL;
}

/* Adds NAME, when it is not there yet. */
static int
add_unknown (struct box_unknown_capabilities *unknown, const char *name)
{
  const char **larger;

  for (size_t i = 0; i < unknown->count; i++)
    if (strcmp (unknown->names[i], name) == 0)
      return 0;
  larger = reallocarray (unknown->names, unknown->count + 1, sizeof *larger);
  if (!larger)
    return -1;
  unknown->names = larger;
  unknown->names[unknown->count++] = name;
  return 0;
}

static int
parse_set (const json_t *object, const char *key, const char *where, uint64_t *set,
           struct box_unknown_capabilities *unknown, struct tss_error *error)
{
  tss_autofree const char **names = NULL;

  if (tss_json_get_strings (object, key, where, &names, error) < 0)
    return -1;
  for (size_t i = 0; names && names[i]; i++)
    {
      int number = box_capability_number (names[i]);

      if (number >= 0)
        *set |= UINT64_C (1) << number;
      else if (unknown && add_unknown (unknown, names[i]) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read the capabilities");
    }
  return 0;
}

int
box_capabilities_parse (const json_t *object, const char *where, struct box_capabilities *capabilities,
                        struct box_unknown_capabilities *unknown, struct tss_error *error)
{
  const struct
  {
    const char *key;
    uint64_t *set;
  } sets[] = {
    { "bounding", &capabilities->bounding },       { "effective", &capabilities->effective },
    { "inheritable", &capabilities->inheritable }, { "permitted", &capabilities->permitted },
    { "ambient", &capabilities->ambient },
  };

  *capabilities = (struct box_capabilities){ 0 };
  for (size_t i = 0; i < TSS_LENGTH (sets); i++)
    if (parse_set (object, sets[i].key, where, sets[i].set, unknown, error) < 0)
      return -1;
  return 0;
}

int
box_capability_state_get (struct box_capability_state *state)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2];

  if (syscall (SYS_capget, &header, data) < 0)
    return -1;
  state->effective = data[0].effective | (uint64_t)data[1].effective << 32;
  state->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
  state->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
  return 0;
}

int
box_capability_state_set (const struct box_capability_state *state)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = {
    { (uint32_t)state->effective, (uint32_t)state->permitted, (uint32_t)state->inheritable },
    { (uint32_t)(state->effective >> 32), (uint32_t)(state->permitted >> 32), (uint32_t)(state->inheritable >> 32) },
  };

  return (int)syscall (SYS_capset, &header, data);
}

struct box_capabilities
box_capabilities_all (void)
{
  struct box_capability_state state = { 0 };
  uint64_t all;

  all = box_capability_state_get (&state) < 0 ? 0 : state.permitted;
  return (struct box_capabilities){ .bounding = all, .effective = all, .permitted = all };
}

uint64_t
box_capabilities_missing (const struct box_capabilities *wanted)
{
  struct box_capability_state state;

  if (box_capability_state_get (&state) < 0)
    return 0;
  return (wanted->bounding | wanted->effective | wanted->inheritable | wanted->permitted | wanted->ambient)
         & ~state.permitted;
}

int
box_capabilities_limit_bounding (const struct box_capabilities *wanted, struct tss_error *error)
{
  /* PR_CAPBSET_DROP fails with EINVAL past the last capability that this kernel knows. */
  for (int number = 0; number < 64; number++)
    {
      if (wanted->bounding & UINT64_C (1) << number)
        continue;
      if (prctl (PR_CAPBSET_DROP, number, 0, 0, 0) == 0)
        continue;
      if (errno == EINVAL)
        break;
      return tss_error_set (error, TSS_ERROR_USER, errno, "process.capabilities.bounding",
                            "process.capabilities.bounding: drop %s",
                            box_capability_name (number) ? box_capability_name (number) : "a capability");
    }
  return 0;
}

int
box_capabilities_raise (struct tss_error *error)
{
  struct box_capability_state state;

  if (box_capability_state_get (&state) == 0)
    {
      state.effective = state.permitted;
      if (box_capability_state_set (&state) == 0)
        return 0;
    }
  return tss_error_set (error, TSS_ERROR_USER, errno, "process.capabilities",
                        "process.capabilities: raise capabilities after changing user");
}

/* Ambient capabilities need to be permitted and inheritable; the kernel has no call for the whole set. */
static int
apply_ambient (uint64_t wanted)
{
  if (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return -1;
  for (unsigned long number = 0; number < 64; number++)
    if (wanted & UINT64_C (1) << number && prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
      return -1;
  return 0;
}

int
box_capabilities_apply (const struct box_capabilities *wanted, struct tss_error *error)
{
  struct box_capability_state state;

  if (box_capability_state_get (&state) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "process.capabilities",
                          "process.capabilities: read capabilities");
  /* What this host does not have cannot be given; the rest of the set still is. */
  state.inheritable = wanted->inheritable & (state.permitted | state.inheritable);
  state.permitted &= wanted->permitted;
  state.effective = wanted->effective & state.permitted;
  if (box_capability_state_set (&state) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "process.capabilities",
                          "process.capabilities: set capabilities");
  if (apply_ambient (wanted->ambient & state.permitted & state.inheritable) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "process.capabilities.ambient",
                          "process.capabilities.ambient: set ambient capabilities");
  return 0;
}
