/* Joining namespaces, and making processes in them. */
#ifndef TSSTACK_BOX_NAMESPACES_H
#define TSSTACK_BOX_NAMESPACES_H

#include "spec.h"

struct box_clone
{
  int flags;      /* CLONE_NEW... */
  int cgroup;     /* directory of the unified hierarchy to be born in, or -1 */
  int pid_target; /* pid namespace to be born in: a namespace descriptor or a pidfd; -1 for the caller's */
  bool sibling;   /* a child of the caller's parent */
};

/* Like fork, with *PIDFD set in the parent. The child has default signal handling and nothing blocked.
 *
 * A pid namespace is joined by children only, so that the caller joins it for the moment of the clone and goes back,
 * which saves a process in between. The caller must have one thread. */
pid_t box_clone (const struct box_clone *options, int *pidfd, struct tss_error *error);

/* Opens what is said to be a namespace; -1 with errno. */
int box_namespace_open (const char *path);

/* Joins all namespaces given by path, but for those of users and pids, which take more. Runs in the child. */
int box_namespaces_join (const struct box_namespaces *namespaces, struct tss_error *error);

/* Whether process PID is in another namespace than the caller; LINK is its name under /proc/PID/ns. */
bool box_namespace_differs (int proc, pid_t pid, const char *link);

#endif
