/* System call filters: from linux.seccomp to kernel instructions, and into the calling process. */
#include "seccomp.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "seccomp-names.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Arguments of a system call. */
enum
{
  MAX_ARGUMENTS = 6
};

struct rule
{
  uint32_t action;
  struct scmp_arg_cmp comparisons[MAX_ARGUMENTS];
  unsigned int comparison_count;
  bool repeats_argument; /* one argument compared twice: any of the comparisons is enough */
};

static void
release_context (scmp_filter_ctx *context)
{
  if (*context)
    seccomp_release (*context);
}

static int
parse_action (const json_t *object, const char *key, const char *errno_key, const char *where, uint32_t *action,
              struct tss_error *error)
{
  const char *name = NULL;
  uint64_t errno_value = EPERM;

  if (tss_json_need_string (object, key, where, &name, error) < 0
      || tss_json_get_uint (object, errno_key, where, UINT16_MAX, &errno_value, error) < 0)
    return -1;
  if (box_seccomp_action_value (name, (uint32_t)errno_value, action) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.%s: action %s is not supported", where, key, name);
  return 0;
}

static int
add_architectures (scmp_filter_ctx context, const json_t *seccomp, struct tss_error *error)
{
  tss_autofree const char **names = NULL;

  if (tss_json_get_strings (seccomp, "architectures", "linux.seccomp", &names, error) < 0)
    return -1;
  for (size_t i = 0; names && names[i]; i++)
    {
      uint32_t value;
      int result;

      if (box_seccomp_architecture_value (names[i], &value) < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.seccomp.architectures",
                              "linux.seccomp.architectures[%zu]: unknown architecture %s", i, names[i]);
      result = seccomp_arch_add (context, value);
      if (result < 0 && result != -EEXIST)
        return tss_error_set (error, TSS_ERROR_SECCOMP, -result, "linux.seccomp.architectures", "add %s", names[i]);
    }
  return 0;
}

static int
parse_comparison (const json_t *object, const char *where, struct rule *rule, struct tss_error *error)
{
  uint64_t index = 0;
  int64_t value = 0, value_two = 0;
  const char *operator_name = NULL;
  int comparison = 0;

  /* Values are unsigned 64-bit numbers; the JSON reader hands the upper half on as negative ones. */
  if (tss_json_get_uint (object, "index", where, MAX_ARGUMENTS - 1, &index, error) < 0
      || tss_json_get_int64 (object, "value", where, &value, error) < 0
      || tss_json_get_int64 (object, "valueTwo", where, &value_two, error) < 0
      || tss_json_need_string (object, "op", where, &operator_name, error) < 0)
    return -1;
  if (box_seccomp_operator_value (operator_name, &comparison) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.op: unknown operator %s", where, operator_name);
  for (unsigned int i = 0; i < rule->comparison_count; i++)
    if (rule->comparisons[i].arg == index)
      rule->repeats_argument = true;
  rule->comparisons[rule->comparison_count++] = (struct scmp_arg_cmp){ .arg = (unsigned int)index,
                                                                       .op = (enum scmp_compare)comparison,
                                                                       .datum_a = (uint64_t)value,
                                                                       .datum_b = (uint64_t)value_two };
  return 0;
}

static int
parse_rule (const json_t *object, const char *where, struct rule *rule, struct tss_error *error)
{
  const json_t *arguments = NULL;

  *rule = (struct rule){ 0 };
  if (parse_action (object, "action", "errnoRet", where, &rule->action, error) < 0
      || tss_json_get_array (object, "args", where, &arguments, error) < 0)
    return -1;
  if (json_array_size (arguments) > MAX_ARGUMENTS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.args: more than %d", where, MAX_ARGUMENTS);
  for (size_t i = 0; i < json_array_size (arguments); i++)
    {
      char at[96];

      snprintf (at, sizeof at, "%s.args[%zu]", where, i);
      if (parse_comparison (json_array_get (arguments, i), at, rule, error) < 0)
        return -1;
    }
  return 0;
}

static int
add_rule (scmp_filter_ctx context, const struct rule *rule, int number)
{
  if (!rule->repeats_argument)
    return seccomp_rule_add_array (context, rule->action, number, rule->comparison_count, rule->comparisons);
  for (unsigned int i = 0; i < rule->comparison_count; i++)
    {
      int result = seccomp_rule_add_array (context, rule->action, number, 1, &rule->comparisons[i]);

      if (result < 0)
        return result;
    }
  return 0;
}

static int
add_entry (scmp_filter_ctx context, const json_t *object, const char *where, uint32_t default_action,
           struct tss_error *error)
{
  tss_autofree const char **names = NULL;
  struct rule rule;

  if (tss_json_get_strings (object, "names", where, &names, error) < 0 || parse_rule (object, where, &rule, error) < 0)
    return -1;
  if (!names)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.names: expected an array of strings", where);
  /* libseccomp refuses rules that say what holds anyway. */
  if (rule.action == default_action)
    return 0;
  for (size_t i = 0; names[i]; i++)
    {
      int number = seccomp_syscall_resolve_name (names[i]);
      int result = number == __NR_SCMP_ERROR ? 0 : add_rule (context, &rule, number);

      if (result < 0)
        return tss_error_set (error, TSS_ERROR_SECCOMP, -result, where, "%s: add %s", where, names[i]);
    }
  return 0;
}

static int
add_entries (scmp_filter_ctx context, const json_t *seccomp, uint32_t default_action, struct tss_error *error)
{
  const json_t *entries = NULL;

  if (tss_json_get_array (seccomp, "syscalls", "linux.seccomp", &entries, error) < 0)
    return -1;
  for (size_t i = 0; i < json_array_size (entries); i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.seccomp.syscalls[%zu]", i);
      if (add_entry (context, json_array_get (entries, i), where, default_action, error) < 0)
        return -1;
    }
  return 0;
}

static int
parse_flags (const json_t *seccomp, unsigned int *flags, struct tss_error *error)
{
  tss_autofree const char **names = NULL;

  if (tss_json_get_strings (seccomp, "flags", "linux.seccomp", &names, error) < 0)
    return -1;
  for (size_t i = 0; names && names[i]; i++)
    {
      unsigned int flag;

      if (box_seccomp_flag_value (names[i], &flag) < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.seccomp.flags",
                              "linux.seccomp.flags[%zu]: %s is not supported", i, names[i]);
      *flags |= flag;
    }
  return 0;
}

static struct box_seccomp_filter *
export_filter (scmp_filter_ctx context, struct tss_error *error)
{
  tss_autofd int memory = memfd_create ("seccomp", MFD_CLOEXEC);
  tss_autofree struct box_seccomp_filter *filter = calloc (1, sizeof *filter);
  struct box_seccomp_filter *shrunk;
  int result = memory < 0 || !filter ? -errno : seccomp_export_bpf (context, memory);
  ssize_t size = result < 0 ? -1 : pread (memory, filter->instructions, sizeof filter->instructions, 0);

  if (size < 0)
    {
      tss_error_set (error, TSS_ERROR_SECCOMP, result < 0 ? -result : errno, "linux.seccomp", "compile the filter");
      return NULL;
    }
  filter->count = (unsigned short)((size_t)size / sizeof *filter->instructions);
  shrunk = realloc (filter, box_seccomp_size (filter));
  if (!shrunk)
    return tss_steal_pointer (&filter);
  filter = NULL;
  return shrunk;
}

struct box_seccomp_filter *
box_seccomp_compile (const json_t *seccomp, struct tss_error *error)
{
  __attribute__ ((cleanup (release_context))) scmp_filter_ctx context = NULL;
  struct box_seccomp_filter *filter;
  unsigned int flags = 0;
  uint32_t default_action;

  if (parse_action (seccomp, "defaultAction", "defaultErrnoRet", "linux.seccomp", &default_action, error) < 0
      || parse_flags (seccomp, &flags, error) < 0)
    return NULL;
  context = seccomp_init (default_action);
  if (!context)
    {
      tss_error_set (error, TSS_ERROR_SECCOMP, 0, "linux.seccomp", "start a filter");
      return NULL;
    }
  if (add_architectures (context, seccomp, error) < 0 || add_entries (context, seccomp, default_action, error) < 0)
    return NULL;
  filter = export_filter (context, error);
  if (filter)
    filter->flags = flags;
  return filter;
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

  if (syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) < 0)
    return tss_error_set (error, TSS_ERROR_SECCOMP, errno, "linux.seccomp", "load the filter");
  return 0;
}
