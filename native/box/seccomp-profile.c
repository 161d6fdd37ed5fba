/* linux.seccomp in C types. */
#include "seccomp-profile.h"
#include "../common/cleanup.h"
#include "../common/json.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

static bool
takes_number (uint32_t action)
{
  uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

  return kind == SECCOMP_RET_ERRNO || kind == SECCOMP_RET_TRACE;
}

static int
parse_action (const json_t *object, const char *key, const char *errno_key, const char *where, uint32_t *action,
              struct tss_error *error)
{
  const json_t *given = json_object_get (object, errno_key);
  const char *name = NULL;
  uint64_t data = EPERM;

  if (tss_json_need_string (object, key, where, &name, error) < 0
      || tss_json_get_uint (object, errno_key, where, UINT16_MAX, &data, error) < 0)
    return -1;
  if (box_seccomp_action_value (name, (uint32_t)data, action) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.%s: action %s is not supported", where, key, name);
  if (given && !json_is_null (given) && !takes_number (*action))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.%s: action %s returns no number", where, errno_key,
                          name);
  return 0;
}

static int
add_architecture (struct box_seccomp_profile *profile, uint32_t value)
{
  for (size_t i = 0; i < profile->architecture_count; i++)
    if (profile->architectures[i] == value)
      return 0;
  if (profile->architecture_count == BOX_SECCOMP_ARCHITECTURES)
    return -1;
  profile->architectures[profile->architecture_count++] = value;
  return 0;
}

static int
parse_architectures (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error)
{
  static const char where[] = "linux.seccomp.architectures";
  tss_autofree const char **names = NULL;

  /* Without it nothing could run. */
  add_architecture (profile, seccomp_arch_native ());
  if (tss_json_get_strings (seccomp, "architectures", "linux.seccomp", &names, error) < 0)
    return -1;
  for (size_t i = 0; names && names[i]; i++)
    {
      uint32_t value;

      if (box_seccomp_architecture_value (names[i], &value) < 0 || add_architecture (profile, value) < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s[%zu]: unknown architecture %s", where, i,
                              names[i]);
    }
  return 0;
}

static int
parse_flags (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error)
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
      profile->flags |= flag;
    }
  return 0;
}

static int
parse_comparison (const json_t *object, const char *where, struct box_seccomp_comparison *comparison,
                  struct tss_error *error)
{
  uint64_t index = 0;
  int64_t value = 0, value_two = 0;
  const char *operation = NULL;

  /* Values are unsigned 64-bit numbers; the JSON reader hands the upper half on as negative ones. */
  if (tss_json_get_uint (object, "index", where, BOX_SECCOMP_ARGUMENTS - 1, &index, error) < 0
      || tss_json_get_int64 (object, "value", where, &value, error) < 0
      || tss_json_get_int64 (object, "valueTwo", where, &value_two, error) < 0
      || tss_json_need_string (object, "op", where, &operation, error) < 0)
    return -1;
  *comparison = (struct box_seccomp_comparison){ .argument = (unsigned int)index,
                                                 .value = (uint64_t)value,
                                                 .value_two = (uint64_t)value_two };
  if (box_seccomp_operator_value (operation, &comparison->operation) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.op: unknown operator %s", where, operation);
  return 0;
}

static bool
repeats_argument (const struct box_seccomp_rule *rule)
{
  unsigned int seen = 0;

  for (unsigned int i = 0; i < rule->comparison_count; i++)
    {
      unsigned int bit = 1U << rule->comparisons[i].argument;

      if (seen & bit)
        return true;
      seen |= bit;
    }
  return false;
}

static int
set_rules (struct box_seccomp_entry *entry, const struct box_seccomp_rule *rule)
{
  bool split = repeats_argument (rule);

  entry->rule_count = split ? rule->comparison_count : 1;
  entry->rules = calloc (entry->rule_count, sizeof *entry->rules);
  if (!entry->rules)
    return -1;
  entry->rules[0] = *rule;
  for (size_t i = 0; split && i < entry->rule_count; i++)
    entry->rules[i] = (struct box_seccomp_rule){ .action = rule->action,
                                                 .comparisons = { rule->comparisons[i] },
                                                 .comparison_count = 1 };
  return 0;
}

static int
parse_entry (const json_t *object, const char *where, struct box_seccomp_entry *entry, struct tss_error *error)
{
  struct box_seccomp_rule rule = { 0 };
  const json_t *arguments = NULL;

  if (tss_json_get_strings (object, "names", where, &entry->names, error) < 0
      || parse_action (object, "action", "errnoRet", where, &rule.action, error) < 0
      || tss_json_get_array (object, "args", where, &arguments, error) < 0)
    return -1;
  if (!entry->names || !entry->names[0])
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where,
                          "%s.names: expected an array of strings, with one at least", where);
  if (json_array_size (arguments) > BOX_SECCOMP_ARGUMENTS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.args: more than %d", where, BOX_SECCOMP_ARGUMENTS);
  for (size_t i = 0; i < json_array_size (arguments); i++)
    {
      char at[96];

      snprintf (at, sizeof at, "%s.args[%zu]", where, i);
      if (parse_comparison (json_array_get (arguments, i), at, &rule.comparisons[rule.comparison_count++], error) < 0)
        return -1;
    }
  return set_rules (entry, &rule) < 0 ? tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read %s", where) : 0;
}

static int
parse_entries (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error)
{
  const json_t *entries = NULL;

  if (tss_json_get_array (seccomp, "syscalls", "linux.seccomp", &entries, error) < 0)
    return -1;
  profile->entries = calloc (json_array_size (entries) + 1, sizeof *profile->entries);
  if (!profile->entries)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.seccomp", "linux.seccomp: read the profile");
  for (size_t i = 0; i < json_array_size (entries); i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.seccomp.syscalls[%zu]", i);
      if (parse_entry (json_array_get (entries, i), where, &profile->entries[profile->entry_count++], error) < 0)
        return -1;
    }
  return 0;
}

static bool
has_name (const struct box_seccomp_entry *entry, const char *wanted)
{
  for (const char **name = entry->names; *name; name++)
    if (strcmp (*name, wanted) == 0)
      return true;
  return false;
}

/* The process under the filter itself has to say that there is something to listen to, by a write that nobody could
 * decide on yet. Other runtimes have the same limit. */
static int
check_notified (const struct box_seccomp_profile *profile, bool *notifies, struct tss_error *error)
{
  if (profile->default_action == SECCOMP_RET_USER_NOTIF)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.seccomp.defaultAction",
                          "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would stop the process before anybody listens");
  for (size_t i = 0; i < profile->entry_count; i++)
    {
      const struct box_seccomp_entry *entry = &profile->entries[i];
      char where[64];

      if (entry->rules[0].action != SECCOMP_RET_USER_NOTIF)
        continue;
      *notifies = true;
      snprintf (where, sizeof where, "linux.seccomp.syscalls[%zu].action", i);
      if (has_name (entry, "write"))
        return tss_error_set (error, TSS_ERROR_INVALID, 0, where,
                              "%s: SCMP_ACT_NOTIFY of write would stop the process before anybody listens", where);
    }
  return 0;
}

static int
parse_listener (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error)
{
  const char *path = NULL, *metadata = NULL;
  bool notifies = false;

  if (check_notified (profile, &notifies, error) < 0
      || tss_json_get_string (seccomp, "listenerPath", "linux.seccomp", &path, error) < 0
      || tss_json_get_string (seccomp, "listenerMetadata", "linux.seccomp", &metadata, error) < 0)
    return -1;
  path = path && *path ? path : NULL;
  if (metadata && *metadata && !path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.seccomp.listenerMetadata",
                          "linux.seccomp.listenerMetadata: needs a listenerPath");
  if (notifies && !path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.seccomp.listenerPath",
                          "linux.seccomp.listenerPath: expected a string, as SCMP_ACT_NOTIFY is used");
  /* The kernel knows the one flag only together with the other. */
  if (notifies)
    profile->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  else
    profile->flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return 0;
}

int
box_seccomp_profile_parse (const json_t *seccomp, struct box_seccomp_profile *profile, struct tss_error *error)
{
  *profile = (struct box_seccomp_profile){ 0 };
  if (parse_action (seccomp, "defaultAction", "defaultErrnoRet", "linux.seccomp", &profile->default_action, error) == 0
      && parse_flags (seccomp, profile, error) == 0 && parse_architectures (seccomp, profile, error) == 0
      && parse_entries (seccomp, profile, error) == 0 && parse_listener (seccomp, profile, error) == 0)
    return 0;
  box_seccomp_profile_free (profile);
  return -1;
}

void
box_seccomp_profile_free (struct box_seccomp_profile *profile)
{
  for (size_t i = 0; i < profile->entry_count; i++)
    {
      free (profile->entries[i].names);
      free (profile->entries[i].rules);
    }
  free (profile->entries);
  *profile = (struct box_seccomp_profile){ 0 };
}
