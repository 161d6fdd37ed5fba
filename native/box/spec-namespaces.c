/* linux.namespaces: which to make and which to join. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "spec.h"

#include <sched.h>
#include <string.h>

const struct box_namespace_kind box_namespace_kinds[BOX_NAMESPACE_KINDS] = {
  { "pid", "pid", CLONE_NEWPID },    { "mount", "mnt", CLONE_NEWNS },   { "network", "net", CLONE_NEWNET },
  { "ipc", "ipc", CLONE_NEWIPC },    { "uts", "uts", CLONE_NEWUTS },    { "cgroup", "cgroup", CLONE_NEWCGROUP },
  { "user", "user", CLONE_NEWUSER }, { "time", "time", CLONE_NEWTIME },
};

const char *
box_namespaces_path (const struct box_namespaces *namespaces, int flag)
{
  for (size_t i = 0; i < BOX_NAMESPACE_KINDS; i++)
    if (box_namespace_kinds[i].flag == flag)
      return namespaces->joined[i];
  return NULL;
}

bool
box_namespaces_has (const struct box_namespaces *namespaces, int flag)
{
  return namespaces->created & flag || box_namespaces_path (namespaces, flag);
}

static int
find_kind (const char *name)
{
  for (int i = 0; i < BOX_NAMESPACE_KINDS; i++)
    if (strcmp (box_namespace_kinds[i].name, name) == 0)
      return i;
  return -1;
}

static int
parse_one (const json_t *object, const char *where, struct box_namespaces *namespaces, struct tss_error *error)
{
  const char *type = NULL, *path = NULL;
  int kind;

  if (tss_json_need_string (object, "type", where, &type, error) < 0
      || tss_json_get_string (object, "path", where, &path, error) < 0)
    return -1;
  kind = find_kind (type);
  if (kind < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s.type: namespace %s is not supported", where, type);
  if (namespaces->joined[kind] || namespaces->created & box_namespace_kinds[kind].flag)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: namespace %s is given twice", where, type);
  if (path && *path)
    namespaces->joined[kind] = path;
  else
    namespaces->created |= box_namespace_kinds[kind].flag;
  return 0;
}

int
box_spec_parse_namespaces (const json_t *linux_object, struct box_namespaces *namespaces, struct tss_error *error)
{
  const json_t *array = NULL;

  if (tss_json_get_array (linux_object, "namespaces", "linux", &array, error) < 0)
    return -1;
  for (size_t i = 0; i < json_array_size (array); i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.namespaces[%zu]", i);
      if (parse_one (json_array_get (array, i), where, namespaces, error) < 0)
        return -1;
    }
  /* Everything that is mounted for the container, its root first, would otherwise be mounted on the host. */
  if (!(namespaces->created & CLONE_NEWNS))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.namespaces",
                          "linux.namespaces: a mount namespace of its own is required");
  return 0;
}
