/* Directories of a container's cgroup: how they come and go. Internal to cgroup*.c. */
#ifndef TSSTACK_BOX_CGROUP_PATHS_H
#define TSSTACK_BOX_CGROUP_PATHS_H

#include "cgroup-host.h"
#include "cgroup.h"

/* Whether PATH, of a spec or an option, stays below its parent and names something. */
int box_cgroup_check_path (const char *path, struct tss_error *error);

/* Makes the last directory of PATH and missing ones below its first BASE_LENGTH bytes. 1 when it is there
 * already. */
int box_cgroup_make_path (const char *path, size_t base_length, struct tss_error *error);

/* Calls VISIT for PATH and every cgroup below it, deepest first; stops at the first negative result and returns it. */
int box_cgroup_walk (const char *path, int (*visit) (const char *path, void *context), void *context);

/* v1: a cpuset without CPUs and memory nodes takes no process; gives new ones those of their parents. */
int box_cgroup_fill_cpu_set (const char *path, size_t base_length);

/* Unified hierarchy: directory below which a cgroup for containers can have controllers. OWN, when controllers are or
 * can be enabled in it; otherwise, as a cgroup with processes of its own cannot have children with controllers, the
 * nearest ancestor where they already are enabled, or the root. */
char *box_cgroup_choose_base (const struct box_hierarchy *unified);

/* Unified hierarchy: enables all controllers from the base down to the parent of PATH's last directory. Best effort: a
 * limit that then has no file is an error of its own. */
void box_cgroup_enable_controllers (const char *path, size_t base_length);

#endif
