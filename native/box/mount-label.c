/* linux.mountLabel: the SELinux context of file systems that are made for a container. */
#include "mount-label.h"
#include "../common/cleanup.h"

#include <stdbool.h>
#include <string.h>

int
box_mount_label_check (const char *label, struct tss_error *error)
{
  if (!label || access ("/sys/fs/selinux/enforce", F_OK) == 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.mountLabel", "linux.mountLabel: this host has no SELinux");
}

/* Those of the kernel itself have the contexts that the policy gives them. */
static bool
takes_label (const char *type)
{
  static const char *const others[] = { "proc", "sysfs", "mqueue", "cgroup", "cgroup2" };

  for (size_t i = 0; i < TSS_LENGTH (others); i++)
    if (strcmp (others[i], type) == 0)
      return false;
  return true;
}

int
box_mount_label_add (const char *label, const char *type, const char *options, char **result)
{
  const char *given = options ? options : "";

  *result = NULL;
  if (label && takes_label (type))
    /* In quotes, because a label may have commas. */
    return asprintf (result, "%s%scontext=\"%s\"", given, *given ? "," : "", label) < 0 ? -1 : 0;
  if (options && !(*result = strdup (options)))
    return -1;
  return 0;
}
