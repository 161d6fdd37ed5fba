/* Where this host has its cgroup hierarchies, and where in them the calling process is. */
#include "cgroup-host.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

struct mount_line
{
  char *root, *mount_point, *type, *options;
};

bool
box_list_has (const char *list, const char *word)
{
  size_t length = strlen (word);

  for (const char *item = list; *item; item += strcspn (item, ","), item += *item == ',')
    if (strcspn (item, ",") == length && strncmp (item, word, length) == 0)
      return true;
  return false;
}

/* Spaces and the like are written as \040 in mountinfo. */
static void
unescape (char *text)
{
  char *out = text;

  for (; *text; text++)
    {
      if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3])
        {
          *out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
          text += 3;
        }
      else
        *out++ = *text;
    }
  *out = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS */
static bool
parse_mount_line (char *text, struct mount_line *line)
{
  char *tail = strstr (text, " - "), *cursor = text;

  if (!tail)
    return false;
  *tail = '\0';
  tail += 3;
  for (int skipped = 0; skipped < 3; skipped++)
    if (!strsep (&cursor, " "))
      return false;
  line->root = strsep (&cursor, " ");
  line->mount_point = strsep (&cursor, " ");
  line->type = strsep (&tail, " ");
  if (!strsep (&tail, " ") || !tail || !line->root || !line->mount_point)
    return false;
  line->options = tail;
  unescape (line->root);
  unescape (line->mount_point);
  return true;
}

static bool
holds (const struct mount_line *line, const char *controllers)
{
  char first[64];

  if (!*controllers)
    return strcmp (line->type, "cgroup2") == 0;
  snprintf (first, sizeof first, "%.*s", (int)strcspn (controllers, ","), controllers);
  return strcmp (line->type, "cgroup") == 0 && box_list_has (line->options, first);
}

/* A mount can show only a part of the hierarchy: then our path begins with that part. */
static char *
own_directory (const struct mount_line *line, const char *path)
{
  size_t length = strcmp (line->root, "/") == 0 ? 0 : strlen (line->root);
  char *own;

  if (strncmp (path, "/..", 3) == 0 || strncmp (path, line->root, length) != 0
      || (path[length] != '/' && path[length] != '\0'))
    path = "";
  else
    path += length;
  if (strcmp (path, "/") == 0)
    path = "";
  return asprintf (&own, "%s%s", line->mount_point, path) < 0 ? NULL : own;
}

static int
add_hierarchy (struct box_cgroup_host *host, const struct mount_line *line, const char *controllers, const char *path)
{
  struct box_hierarchy *larger = reallocarray (host->hierarchies, host->count + 1, sizeof *larger);
  struct box_hierarchy *hierarchy;

  if (!larger)
    return -1;
  host->hierarchies = larger;
  hierarchy = &larger[host->count++];
  hierarchy->controllers = strdup (controllers);
  hierarchy->root = strdup (line->mount_point);
  hierarchy->own = own_directory (line, path);
  if (*controllers && strncmp (controllers, "name=", 5) != 0)
    host->unified = false;
  return hierarchy->controllers && hierarchy->root && hierarchy->own ? 0 : -1;
}

static size_t
parse_mounts (char *mountinfo, struct mount_line *lines, size_t capacity)
{
  size_t count = 0;
  char *text;

  while ((text = strsep (&mountinfo, "\n")) && count < capacity)
    if (strstr (text, " - cgroup") && parse_mount_line (text, &lines[count]))
      count++;
  return count;
}

/* Line of /proc/self/cgroup: NUMBER:CONTROLLERS:PATH */
static int
add_membership (struct box_cgroup_host *host, char *text, const struct mount_line *lines, size_t line_count)
{
  const char *controllers;

  if (!strsep (&text, ":") || !text)
    return 0;
  controllers = strsep (&text, ":");
  for (size_t i = 0; text && i < line_count; i++)
    if (holds (&lines[i], controllers))
      return add_hierarchy (host, &lines[i], controllers, text);
  return 0;
}

int
box_cgroup_host_parse (char *mountinfo, char *membership, struct box_cgroup_host *host, struct tss_error *error)
{
  /* The kernel has some 14 controllers; named hierarchies and second mounts come on top. */
  struct mount_line lines[64];
  size_t count = parse_mounts (mountinfo, lines, TSS_LENGTH (lines));
  char *text;

  *host = (struct box_cgroup_host){ .unified = true };
  while ((text = strsep (&membership, "\n")))
    if (*text && add_membership (host, text, lines, count) < 0)
      {
        box_cgroup_host_free (host);
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "list the cgroup hierarchies");
      }
  return 0;
}

int
box_cgroup_host_read (struct box_cgroup_host *host, struct tss_error *error)
{
  tss_autofree char *mountinfo = tss_read_file_at (AT_FDCWD, "/proc/self/mountinfo", NULL);
  tss_autofree char *membership = tss_read_file_at (AT_FDCWD, "/proc/self/cgroup", NULL);

  if (!mountinfo || !membership)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, "/proc/self", "read the cgroup hierarchies");
  return box_cgroup_host_parse (mountinfo, membership, host, error);
}

void
box_cgroup_host_free (struct box_cgroup_host *host)
{
  for (size_t i = 0; i < host->count; i++)
    {
      free (host->hierarchies[i].controllers);
      free (host->hierarchies[i].root);
      free (host->hierarchies[i].own);
    }
  free (host->hierarchies);
  *host = (struct box_cgroup_host){ 0 };
}

bool
box_hierarchy_has (const struct box_hierarchy *hierarchy, bool unified, const char *controller)
{
  char path[PATH_MAX], offered[512];

  if (!unified)
    return box_list_has (hierarchy->controllers, controller);
  snprintf (path, sizeof path, "%s/cgroup.controllers", hierarchy->own);
  if (tss_read_small_file_at (AT_FDCWD, path, offered, sizeof offered) < 0)
    return false;
  for (char *byte = offered; *byte; byte++)
    if (*byte == ' ' || *byte == '\n')
      *byte = ',';
  return box_list_has (offered, controller);
}
