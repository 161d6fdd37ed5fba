/* Directories of a container's cgroup: how they come and go. */
#include "cgroup-paths.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* Another container's removal can take an empty parent away while we are below it. */
enum
{
  MAKE_ATTEMPTS = 16
};

static int
make_parents (const char *path, size_t base_length)
{
  char partial[PATH_MAX];

  snprintf (partial, sizeof partial, "%s", path);
  for (char *slash = strchr (partial + base_length + 1, '/'); slash; slash = strchr (slash + 1, '/'))
    {
      *slash = '\0';
      if (mkdir (partial, 0755) < 0 && errno != EEXIST)
        return -1;
      *slash = '/';
    }
  return 0;
}

int
box_cgroup_make_path (const char *path, size_t base_length, struct tss_error *error)
{
  for (int attempt = 0; attempt < MAKE_ATTEMPTS; attempt++)
    {
      if (mkdir (path, 0755) == 0)
        return 0;
      if (errno == EEXIST)
        return 1;
      if (errno != ENOENT || (make_parents (path, base_length) < 0 && errno != ENOENT))
        break;
    }
  return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "linux.cgroupsPath: make the cgroup %s", path);
}

/* What a walk keeps of each level is this alone: a container can nest its cgroups deeper than there are descriptors. */
struct children
{
  char **names;
  size_t count, capacity;
};

static void
free_children (struct children *children)
{
  for (size_t i = 0; i < children->count; i++)
    free (children->names[i]);
  free (children->names);
}

static int
add_child (struct children *children, const char *name)
{
  if (children->count == children->capacity)
    {
      size_t capacity = children->capacity ? children->capacity * 2 : 8;
      char **larger = reallocarray (children->names, capacity, sizeof *larger);

      if (!larger)
        return -1;
      children->names = larger;
      children->capacity = capacity;
    }
  children->names[children->count] = strdup (name);
  if (!children->names[children->count])
    return -1;
  children->count++;
  return 0;
}

static int
list_children (const char *path, struct children *children)
{
  DIR *directory = opendir (path);
  const struct dirent *entry;
  int result = 0;

  if (!directory)
    return -1;
  while (result == 0 && (entry = readdir (directory)))
    if (entry->d_type == DT_DIR && strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      result = add_child (children, entry->d_name);
  closedir (directory);
  return result;
}

/* PATH has room for SIZE bytes, and is as before in the end. */
static int
walk (char *path, size_t size, int (*visit) (const char *path, void *context), void *context)
{
  __attribute__ ((cleanup (free_children))) struct children children = { 0 };
  size_t length = strlen (path);
  int result = list_children (path, &children);

  if (result < 0)
    return errno == ENOENT ? 0 : -1;
  for (size_t i = 0; result >= 0 && i < children.count; i++)
    {
      /* What has no path cannot be visited, and its parent says so. */
      if (length + 1 + strlen (children.names[i]) >= size)
        continue;
      snprintf (path + length, size - length, "/%s", children.names[i]);
      result = walk (path, size, visit, context);
      path[length] = '\0';
    }
  return result < 0 ? result : visit (path, context);
}

int
box_cgroup_walk (const char *path, int (*visit) (const char *path, void *context), void *context)
{
  char longest[PATH_MAX];

  snprintf (longest, sizeof longest, "%s", path);
  return walk (longest, sizeof longest, visit, context);
}

static int
inherit_file (const char *path, size_t parent_length, const char *file)
{
  char name[PATH_MAX], value[4096];

  snprintf (name, sizeof name, "%s/%s", path, file);
  if (tss_read_small_file_at (AT_FDCWD, name, value, sizeof value) < 0)
    return -1;
  if (value[0] != '\0' && value[0] != '\n')
    return 0;
  snprintf (name, sizeof name, "%.*s/%s", (int)parent_length, path, file);
  if (tss_read_small_file_at (AT_FDCWD, name, value, sizeof value) < 0)
    return -1;
  snprintf (name, sizeof name, "%s/%s", path, file);
  return tss_write_text_at (AT_FDCWD, name, value);
}

int
box_cgroup_fill_cpu_set (const char *path, size_t base_length)
{
  char partial[PATH_MAX];
  size_t parent = base_length;

  snprintf (partial, sizeof partial, "%s", path);
  for (;;)
    {
      char *slash = strchr (partial + parent + 1, '/');

      if (slash)
        *slash = '\0';
      if (inherit_file (partial, parent, "cpuset.cpus") < 0 || inherit_file (partial, parent, "cpuset.mems") < 0)
        return -1;
      if (!slash)
        return 0;
      parent = (size_t)(slash - partial);
      *slash = '/';
    }
}

/* The words of AVAILABLE that ENABLED lacks, each with a plus sign. */
static void
list_missing (char *available, const char *enabled, char *missing, size_t size)
{
  char *word;

  missing[0] = '\0';
  while ((word = strsep (&available, " \n")))
    {
      char padded[64], list[1024];

      if (!*word || strlen (word) > 32)
        continue;
      snprintf (list, sizeof list, " %s ", enabled);
      for (char *byte = list; *byte; byte++)
        if (*byte == '\n')
          *byte = ' ';
      snprintf (padded, sizeof padded, " %s ", word);
      if (!strstr (list, padded))
        snprintf (missing + strlen (missing), size - strlen (missing), "+%s ", word);
    }
}

/* 0 when all controllers that DIRECTORY has are enabled for its children. */
static int
enable_in (const char *directory)
{
  char path[PATH_MAX], available[512], enabled[512], missing[1024];

  snprintf (path, sizeof path, "%s/cgroup.controllers", directory);
  if (tss_read_small_file_at (AT_FDCWD, path, available, sizeof available) < 0)
    return -1;
  snprintf (path, sizeof path, "%s/cgroup.subtree_control", directory);
  if (tss_read_small_file_at (AT_FDCWD, path, enabled, sizeof enabled) < 0)
    return -1;
  list_missing (available, enabled, missing, sizeof missing);
  if (!*missing)
    return 0;
  return tss_write_text_at (AT_FDCWD, path, missing);
}

/* Some controllers may refuse (cpu with realtime tasks, for one) and must not keep the others away. */
static void
enable_one_by_one (const char *directory)
{
  static const char *const names[] = { "+cpu", "+memory", "+pids", "+io", "+cpuset", "+hugetlb", "+rdma", "+misc" };
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s/cgroup.subtree_control", directory);
  for (size_t i = 0; i < TSS_LENGTH (names); i++)
    if (tss_write_text_at (AT_FDCWD, path, names[i]) < 0 && errno == EBUSY)
      return;
}

void
box_cgroup_enable_controllers (const char *path, size_t base_length)
{
  char partial[PATH_MAX];
  char *slash;

  snprintf (partial, sizeof partial, "%s", path);
  slash = partial + base_length;
  while (slash)
    {
      *slash = '\0';
      if (enable_in (partial) < 0)
        enable_one_by_one (partial);
      *slash = '/';
      slash = strchr (slash + 1, '/');
    }
}

/* Whether children of DIRECTORY have the controllers that limits are mostly about. */
static bool
delegates (const char *directory)
{
  char path[PATH_MAX], enabled[512];

  snprintf (path, sizeof path, "%s/cgroup.subtree_control", directory);
  return tss_read_small_file_at (AT_FDCWD, path, enabled, sizeof enabled) > 0 && strstr (enabled, "memory")
         && strstr (enabled, "pids");
}

char *
box_cgroup_choose_base (const struct box_hierarchy *unified)
{
  tss_autofree char *base = strdup (unified->own);
  size_t root_length = strlen (unified->root);

  if (!base)
    return NULL;
  enable_in (base);
  while (!delegates (base) && strlen (base) > root_length)
    {
      *strrchr (base, '/') = '\0';
      /* The root alone may have both processes and children with controllers; others are left as their owner has set
       * them up. */
      if (strlen (base) == root_length)
        enable_in (base);
    }
  return delegates (base) ? tss_steal_pointer (&base) : strdup (unified->own);
}
