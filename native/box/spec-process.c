/* The process object: what runs, as whom, and within which limits. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "rlimits.h"
#include "spec.h"

#include <string.h>

static int
parse_user (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  char at[96];
  const json_t *user = NULL, *gids = NULL;
  uint64_t uid = 0, gid = 0, mask = UINT64_MAX;

  snprintf (at, sizeof at, "%s.user", where);
  if (tss_json_get_object (process, "user", where, &user, error) < 0)
    return -1;
  /* -1 is the kernel's "leave it as it is", so the highest number is no user. */
  if (tss_json_get_uint (user, "uid", at, UINT32_MAX - 1, &uid, error) < 0
      || tss_json_get_uint (user, "gid", at, UINT32_MAX - 1, &gid, error) < 0
      || tss_json_get_uint (user, "umask", at, 0777, &mask, error) < 0
      || tss_json_get_array (user, "additionalGids", at, &gids, error) < 0)
    return -1;
  result->uid = (uid_t)uid;
  result->gid = (gid_t)gid;
  result->umask = mask == UINT64_MAX ? BOX_UMASK_UNSET : (int)mask;
  result->additional_gid_count = json_array_size (gids);
  result->additional_gids = calloc (result->additional_gid_count + 1, sizeof *result->additional_gids);
  if (!result->additional_gids)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, at, "read the user");
  for (size_t i = 0; i < result->additional_gid_count; i++)
    {
      const json_t *value = json_array_get (gids, i);

      if (!json_is_integer (value) || json_integer_value (value) < 0 || json_integer_value (value) >= UINT32_MAX)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, at, "%s.additionalGids[%zu]: expected a group id", at, i);
      result->additional_gids[i] = (gid_t)json_integer_value (value);
    }
  return 0;
}

static int
parse_rlimit (const json_t *object, const char *where, struct box_rlimit *result, struct tss_error *error)
{
  /* RLIM_INFINITY does not fit a signed 64-bit JSON number, so that engines write -1 or the unsigned value; jansson
   * reads the latter as a real number. */
  static const char *const keys[] = { "soft", "hard" };
  rlim_t values[2];

  if (tss_json_need_string (object, "type", where, &result->name, error) < 0)
    return -1;
  result->resource = box_rlimit_number (result->name);
  if (result->resource < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.type: unknown limit %s", where, result->name);
  for (size_t i = 0; i < 2; i++)
    {
      const json_t *value = json_object_get (object, keys[i]);

      if (!json_is_number (value))
        return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.%s: expected a number", where, keys[i]);
      values[i]
          = json_is_real (value) || json_integer_value (value) < 0 ? RLIM_INFINITY : (rlim_t)json_integer_value (value);
    }
  if (values[0] > values[1])
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: soft limit of %s above the hard one", where,
                          result->name);
  result->limit = (struct rlimit){ .rlim_cur = values[0], .rlim_max = values[1] };
  return 0;
}

static int
parse_rlimits (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  const json_t *array = NULL;

  if (tss_json_get_array (process, "rlimits", where, &array, error) < 0)
    return -1;
  result->rlimits = calloc (json_array_size (array) + 1, sizeof *result->rlimits);
  if (!result->rlimits)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read the limits");
  for (size_t i = 0; i < json_array_size (array); i++)
    {
      char at[96];

      snprintf (at, sizeof at, "%s.rlimits[%zu]", where, i);
      if (parse_rlimit (json_array_get (array, i), at, &result->rlimits[result->rlimit_count++], error) < 0)
        return -1;
    }
  return 0;
}

static int
parse_capabilities (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  char at[96];
  const json_t *object = NULL;

  snprintf (at, sizeof at, "%s.capabilities", where);
  if (tss_json_get_object (process, "capabilities", where, &object, error) < 0)
    return -1;
  result->has_capabilities = object != NULL;
  return object ? box_capabilities_parse (object, at, &result->capabilities, error) : 0;
}

static int
parse_terminal (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  char at[96];
  const json_t *size = NULL;
  uint64_t rows = 0, columns = 0;

  snprintf (at, sizeof at, "%s.consoleSize", where);
  if (tss_json_get_bool (process, "terminal", where, &result->terminal, error) < 0
      || tss_json_get_object (process, "consoleSize", where, &size, error) < 0
      || tss_json_get_uint (size, "height", at, UINT16_MAX, &rows, error) < 0
      || tss_json_get_uint (size, "width", at, UINT16_MAX, &columns, error) < 0)
    return -1;
  result->rows = (unsigned short)rows;
  result->columns = (unsigned short)columns;
  return 0;
}

static int
parse_oom_score (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  int64_t score = INT64_MIN;

  if (tss_json_get_int64 (process, "oomScoreAdj", where, &score, error) < 0)
    return -1;
  if (score == INT64_MIN)
    return 0;
  if (score < -1000 || score > 1000)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.oomScoreAdj: expected -1000 to 1000", where);
  result->has_oom_score = true;
  result->oom_score_adjustment = (int)score;
  return 0;
}

static int
parse_command (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  char at[96];

  if (tss_json_get_strings (process, "args", where, &result->arguments, error) < 0
      || tss_json_get_strings (process, "env", where, &result->environment, error) < 0
      || tss_json_get_string (process, "cwd", where, &result->cwd, error) < 0)
    return -1;
  if (!result->arguments || !result->arguments[0])
    {
      snprintf (at, sizeof at, "%s.args", where);
      return tss_error_set (error, TSS_ERROR_INVALID, 0, at, "%s: expected at least one argument", at);
    }
  if (!result->cwd || !*result->cwd)
    result->cwd = "/";
  if (result->cwd[0] != '/')
    {
      snprintf (at, sizeof at, "%s.cwd", where);
      return tss_error_set (error, TSS_ERROR_INVALID, 0, at, "%s: %s is not absolute", at, result->cwd);
    }
  return 0;
}

/* Settings of the scheduler that are not applied must not be passed over. */
static int
refuse_unsupported (const json_t *process, const char *where, struct tss_error *error)
{
  static const char *const keys[] = { "scheduler", "ioPriority", "execCPUAffinity" };

  for (size_t i = 0; i < TSS_LENGTH (keys); i++)
    {
      const json_t *value = json_object_get (process, keys[i]);
      char path[96];

      if (!value || json_is_null (value))
        continue;
      snprintf (path, sizeof path, "%s.%s", where, keys[i]);
      return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s: not supported", path);
    }
  return 0;
}

int
box_process_parse (const json_t *object, const char *where, struct box_process *process, struct tss_error *error)
{
  *process = (struct box_process){ .umask = BOX_UMASK_UNSET };
  if (parse_command (object, where, process, error) < 0 || parse_user (object, where, process, error) < 0
      || parse_terminal (object, where, process, error) < 0 || parse_rlimits (object, where, process, error) < 0
      || parse_capabilities (object, where, process, error) < 0 || parse_oom_score (object, where, process, error) < 0
      || tss_json_get_bool (object, "noNewPrivileges", where, &process->no_new_privileges, error) < 0
      || tss_json_get_string (object, "apparmorProfile", where, &process->apparmor_profile, error) < 0
      || tss_json_get_string (object, "selinuxLabel", where, &process->selinux_label, error) < 0
      || refuse_unsupported (object, where, error) < 0)
    {
      box_process_free (process);
      return -1;
    }
  return 0;
}

void
box_process_free (struct box_process *process)
{
  free (process->additional_gids);
  free (process->arguments);
  free (process->environment);
  free (process->rlimits);
  *process = (struct box_process){ .umask = BOX_UMASK_UNSET };
}
