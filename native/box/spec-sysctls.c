/* linux.sysctl: only keys that belong to a namespace of the container, so that none changes the host. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "spec.h"

#include <sched.h>
#include <string.h>

static const struct
{
  const char *pattern; /* whole key, or a prefix that ends in a dot */
  int flag;
} namespaced_keys[] = {
  { "net.", CLONE_NEWNET },
  { "fs.mqueue.", CLONE_NEWIPC },
  { "kernel.msgmax", CLONE_NEWIPC },
  { "kernel.msgmnb", CLONE_NEWIPC },
  { "kernel.msgmni", CLONE_NEWIPC },
  { "kernel.msg_next_id", CLONE_NEWIPC },
  { "kernel.sem", CLONE_NEWIPC },
  { "kernel.sem_next_id", CLONE_NEWIPC },
  { "kernel.shmall", CLONE_NEWIPC },
  { "kernel.shmmax", CLONE_NEWIPC },
  { "kernel.shmmni", CLONE_NEWIPC },
  { "kernel.shm_next_id", CLONE_NEWIPC },
  { "kernel.shm_rmid_forced", CLONE_NEWIPC },
  { "kernel.hostname", CLONE_NEWUTS },
  { "kernel.domainname", CLONE_NEWUTS },
};

/* The namespace that a key belongs to, 0 when it is the host's. Keys may be written with dots or with slashes. */
static int
find_namespace (const char *key)
{
  char dotted[256];

  /* Where dots separate, "//" stands for "..": either would climb out of the namespace's part of /proc/sys. */
  if ((size_t)snprintf (dotted, sizeof dotted, "%s", key) >= sizeof dotted || strstr (key, "..") || strstr (key, "//"))
    return 0;
  for (char *byte = dotted; *byte; byte++)
    if (*byte == '/')
      *byte = '.';
  for (size_t i = 0; i < TSS_LENGTH (namespaced_keys); i++)
    {
      const char *pattern = namespaced_keys[i].pattern;
      size_t length = strlen (pattern);
      bool prefix = pattern[length - 1] == '.';

      if (prefix ? strncmp (pattern, dotted, length) == 0 : strcmp (pattern, dotted) == 0)
        return namespaced_keys[i].flag;
    }
  return 0;
}

static int
parse_one (const char *key, const json_t *value, struct box_spec *spec, struct tss_error *error)
{
  char where[sizeof error->path];
  int flag = find_namespace (key);

  snprintf (where, sizeof where, "linux.sysctl.%s", key);
  if (!json_is_string (value))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: expected a string", where);
  if (!flag)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: would change the host, not the container", where);
  if (!box_namespaces_has (&spec->namespaces, flag))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: the container shares this namespace with the host",
                          where);
  spec->sysctls[spec->sysctl_count++] = (struct box_sysctl){ key, json_string_value (value) };
  return 0;
}

int
box_spec_parse_sysctls (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  const json_t *object = NULL;
  const char *key;
  json_t *value;

  if (tss_json_get_object (linux_object, "sysctl", "linux", &object, error) < 0)
    return -1;
  if (!object)
    return 0;
  spec->sysctls = calloc (json_object_size (object) + 1, sizeof *spec->sysctls);
  if (!spec->sysctls)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.sysctl", "linux.sysctl: read the sysctls");
  /* jansson's iterator takes no const object, though it changes nothing. */
  json_object_foreach ((json_t *)(uintptr_t)object, key, value) if (parse_one (key, value, spec, error) < 0) return -1;
  return 0;
}
