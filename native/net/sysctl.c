#include "sysctl.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int
sysctl_write (const char *path, const char *value, struct tss_error *error)
{
  char file[300];
  snprintf (file, sizeof file, "/proc/sys/%s", path);
  if (tss_write_text_at (AT_FDCWD, file, value) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, file, "set sysctl %s to %s", path, value);
  return 0;
}

char
sysctl_read (const char *path)
{
  char file[300], first = '\0';
  snprintf (file, sizeof file, "/proc/sys/%s", path);
  tss_autofd int fd = open (file, O_RDONLY | O_CLOEXEC);
  return fd >= 0 && TSS_RETRY (read (fd, &first, 1)) == 1 ? first : '\0';
}

int
sysctl_write_interface (const char *family, const char *interface, const char *name, const char *value,
                        struct tss_error *error)
{
  char folder[64], path[128];
  snprintf (folder, sizeof folder, "/proc/sys/net/%s", family);
  if (access (folder, F_OK) < 0)
    return 0;
  snprintf (path, sizeof path, "net/%s/conf/%s/%s", family, interface, name);
  return sysctl_write (path, value, error);
}

int
sysctl_check_all (const json_t *settings, struct tss_error *error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *)settings, name, value)
  {
    if (strncmp (name, "net.", 4) != 0 || strlen (name) > 200 || strstr (name, "..") != NULL
        || strstr (name, "//") != NULL)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "sysctl %s: not a setting of a network namespace", name);
    if (!json_is_string (value))
      return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "sysctl %s: expected a string", name);
  }
  return 0;
}

int
sysctl_write_all (const json_t *settings, struct tss_error *error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *)settings, name, value)
  {
    char path[256];
    snprintf (path, sizeof path, "%s", name);
    for (char *at = path; *at != '\0'; at++)
      *at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
    if (sysctl_write (path, json_string_value (value), error) < 0)
      return -1;
  }
  return 0;
}
