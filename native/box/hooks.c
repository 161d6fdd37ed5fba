/* hooks: what they consist of, and the order in which they run. */
#include "hooks.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "hook-process.h"
#include "warning.h"

static const char *const names[] = {
  [BOX_HOOK_PRESTART] = "prestart",
  [BOX_HOOK_CREATE_RUNTIME] = "createRuntime",
  [BOX_HOOK_CREATE_CONTAINER] = "createContainer",
  [BOX_HOOK_START_CONTAINER] = "startContainer",
  [BOX_HOOK_POSTSTART] = "poststart",
  [BOX_HOOK_POSTSTOP] = "poststop",
  NULL,
};

const char *const *
box_hook_names (void)
{
  return names;
}

static int
parse_timeout (const json_t *object, const char *where, int *timeout, struct tss_error *error)
{
  uint64_t seconds = 0;

  /* poll(2) counts milliseconds in an int. */
  if (tss_json_get_uint (object, "timeout", where, INT32_MAX / 1000, &seconds, error) < 0)
    return -1;
  if (seconds == 0 && json_is_integer (json_object_get (object, "timeout")))
    return tss_json_refuse (where, "timeout", error, "expected more than 0 seconds");
  *timeout = seconds == 0 ? -1 : (int)seconds;
  return 0;
}

static int
parse_hook (const json_t *object, const char *where, struct box_hook *hook, struct tss_error *error)
{
  *hook = (struct box_hook){ .where = where };
  if (tss_json_need_string (object, "path", where, &hook->path, error) < 0
      || tss_json_get_strings (object, "args", where, &hook->arguments, error) < 0
      || tss_json_get_strings (object, "env", where, &hook->environment, error) < 0
      || parse_timeout (object, where, &hook->timeout, error) < 0)
    return -1;
  if (hook->path[0] != '/')
    return tss_json_refuse (where, "path", error, "%s is not absolute", hook->path);
  return 0;
}

static void
free_hook (struct box_hook *hook)
{
  free (hook->arguments);
  free (hook->environment);
}

#define auto_hook __attribute__ ((cleanup (free_hook))) struct box_hook

static const json_t *
list_of (const json_t *hooks, enum box_hook_kind kind)
{
  return json_object_get (hooks, names[kind]);
}

static int
check_kind (const json_t *hooks, enum box_hook_kind kind, struct tss_error *error)
{
  const json_t *list = NULL;

  if (tss_json_get_array (hooks, names[kind], "hooks", &list, error) < 0)
    return -1;
  for (size_t i = 0; i < json_array_size (list); i++)
    {
      char where[64];
      auto_hook hook = { 0 };

      snprintf (where, sizeof where, "hooks.%s[%zu]", names[kind], i);
      if (parse_hook (json_array_get (list, i), where, &hook, error) < 0)
        return -1;
    }
  return 0;
}

int
box_hooks_parse (const json_t *document, const json_t **hooks, struct tss_error *error)
{
  *hooks = NULL;
  if (tss_json_get_object (document, "hooks", "", hooks, error) < 0)
    return -1;
  for (enum box_hook_kind kind = 0; *hooks && names[kind]; kind++)
    if (check_kind (*hooks, kind, error) < 0)
      return -1;
  return 0;
}

bool
box_hooks_at_creation (const json_t *hooks)
{
  for (enum box_hook_kind kind = BOX_HOOK_PRESTART; kind <= BOX_HOOK_CREATE_CONTAINER; kind++)
    if (json_array_size (list_of (hooks, kind)) > 0)
      return true;
  return false;
}

int
box_hooks_run (const struct box_hook_call *call, enum box_hook_kind kind, struct tss_error *error)
{
  const json_t *list = list_of (call->hooks, kind);

  for (size_t i = 0; i < json_array_size (list); i++)
    {
      char where[64];
      auto_hook hook = { 0 };
      struct tss_error failure = { 0 };

      snprintf (where, sizeof where, "hooks.%s[%zu]", names[kind], i);
      if (parse_hook (json_array_get (list, i), where, &hook, &failure) == 0
          && box_hook_process_run (&hook, call, &failure) == 0)
        continue;
      if (!call->warner)
        {
          if (error)
            *error = failure;
          return -1;
        }
      box_warn (call->warner, "%s", failure.message);
    }
  return 0;
}
