/* Where this host has its cgroup hierarchies, and where in them the calling process is. */
#ifndef TSSTACK_BOX_CGROUP_HOST_H
#define TSSTACK_BOX_CGROUP_HOST_H

#include "../common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct box_hierarchy
{
  char *controllers; /* "cpu,cpuacct", "name=systemd"; "" is the unified hierarchy */
  char *root;        /* where it is mounted */
  char *own;         /* directory of the calling process, below root */
};

struct box_cgroup_host
{
  struct box_hierarchy *hierarchies;
  size_t count;
  bool unified; /* no controller is left in a v1 hierarchy */
};

/* No hierarchy at all is no error: then a container has no cgroup. */
int box_cgroup_host_read (struct box_cgroup_host *host, struct tss_error *error);
void box_cgroup_host_free (struct box_cgroup_host *host);

/* The same from the texts of /proc/self/mountinfo and /proc/self/cgroup, both of which are changed. */
int box_cgroup_host_parse (char *mountinfo, char *membership, struct box_cgroup_host *host, struct tss_error *error);

/* Whether the hierarchy offers CONTROLLER to cgroups below the caller's own. */
bool box_hierarchy_has (const struct box_hierarchy *hierarchy, bool unified, const char *controller);

/* Whether WORD is one of the comma-separated LIST. */
bool box_list_has (const char *list, const char *word);

#endif
