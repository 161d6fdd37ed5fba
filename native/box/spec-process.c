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
        {
          char key[40];

          snprintf (key, sizeof key, "additionalGids[%zu]", i);
          return tss_json_refuse (at, key, error, "expected a group id");
        }
      result->additional_gids[i] = (gid_t)json_integer_value (value);
    }
  return 0;
}

/* RLIM_INFINITY does not fit a signed 64-bit JSON number, which is how it is read: as -1, the one with the same bits.
 */
static int
parse_limit (const json_t *object, const char *key, const char *where, rlim_t *limit, struct tss_error *error)
{
  const json_t *value = json_object_get (object, key);

  if (!json_is_integer (value))
    return tss_json_refuse (where, key, error, "expected a whole number");
  *limit = (rlim_t)json_integer_value (value);
  return 0;
}

static int
parse_rlimit (const json_t *object, const char *where, struct box_rlimit *result, struct tss_error *error)
{
  if (tss_json_need_string (object, "type", where, &result->name, error) < 0
      || parse_limit (object, "soft", where, &result->limit.rlim_cur, error) < 0
      || parse_limit (object, "hard", where, &result->limit.rlim_max, error) < 0)
    return -1;
  result->resource = box_rlimit_number (result->name);
  if (result->resource < 0)
    return tss_json_refuse (where, "type", error, "unknown limit %s", result->name);
  if (result->limit.rlim_cur > result->limit.rlim_max)
    return tss_json_refuse (where, "soft", error, "is above the hard limit of %s", result->name);
  return 0;
}

static int
check_unique (const struct box_process *process, const char *where, struct tss_error *error)
{
  const struct box_rlimit *last = &process->rlimits[process->rlimit_count - 1];

  for (const struct box_rlimit *earlier = process->rlimits; earlier < last; earlier++)
    if (earlier->resource == last->resource)
      return tss_json_refuse (where, "type", error, "%s is given twice", last->name);
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
      if (parse_rlimit (json_array_get (array, i), at, &result->rlimits[result->rlimit_count++], error) < 0
          || check_unique (result, at, error) < 0)
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
  return object ? box_capabilities_parse (object, at, &result->capabilities, &result->unknown_capabilities, error) : 0;
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
      || (size && tss_json_need_uint (size, "height", at, UINT16_MAX, &rows, error) < 0)
      || (size && tss_json_need_uint (size, "width", at, UINT16_MAX, &columns, error) < 0))
    return -1;
  result->rows = (unsigned short)rows;
  result->columns = (unsigned short)columns;
  return 0;
}

static int
parse_oom_score (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  int64_t score = 0;

  if (tss_json_get_int64 (process, "oomScoreAdj", where, &score, error) < 0)
    return -1;
  if (!json_is_integer (json_object_get (process, "oomScoreAdj")))
    return 0;
  if (score < -1000 || score > 1000)
    return tss_json_refuse (where, "oomScoreAdj", error, "expected -1000 to 1000");
  result->has_oom_score = true;
  result->oom_score_adjustment = (int)score;
  return 0;
}

static int
parse_command (const json_t *process, const char *where, struct box_process *result, struct tss_error *error)
{
  if (tss_json_get_strings (process, "args", where, &result->arguments, error) < 0
      || tss_json_get_strings (process, "env", where, &result->environment, error) < 0
      || tss_json_get_string (process, "cwd", where, &result->cwd, error) < 0)
    return -1;
  if (!result->arguments || !result->arguments[0])
    return tss_json_refuse (where, "args", error, "expected at least one argument");
  if (!result->cwd || !*result->cwd)
    result->cwd = "/";
  if (result->cwd[0] != '/')
    return tss_json_refuse (where, "cwd", error, "%s is not absolute", result->cwd);
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
      || box_scheduling_parse (object, where, &process->scheduling, error) < 0)
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
  free (process->unknown_capabilities.names);
  *process = (struct box_process){ .umask = BOX_UMASK_UNSET };
}
