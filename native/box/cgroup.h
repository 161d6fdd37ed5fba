/* The cgroup of one container: one directory in every hierarchy of the host. */
#ifndef TSSTACK_BOX_CGROUP_H
#define TSSTACK_BOX_CGROUP_H

#include "../common/error.h"
#include "box.h"

#include <stdbool.h>

struct box_cgroup_directory
{
  char *controllers;  /* as in struct box_hierarchy */
  char *name;         /* directory where the hierarchy is mounted on the host: "cpu,cpuacct" */
  char *path;         /* of the container's cgroup */
  size_t base_length; /* of the part of path that was there before and is not removed */
};

struct box_cgroup
{
  struct box_cgroup_directory *directories;
  size_t count;
  bool unified; /* all controllers are in the unified hierarchy */
};

/* Names the directories, below the caller's own cgroup unless PATH is absolute, and makes none. */
int box_cgroup_name (const char *path, struct box_cgroup *cgroup, struct tss_error *error);

/* Make the one of the unified hierarchy, and then all others. What is left of CGROUP after a failure is to be removed.
 */
int box_cgroup_make_unified (struct box_cgroup *cgroup, struct tss_error *error);
int box_cgroup_make_v1 (struct box_cgroup *cgroup, struct tss_error *error);

/* The others are not going to be made: what has their names may be somebody else's. */
void box_cgroup_forget_v1 (struct box_cgroup *cgroup);

/* Removes the directories, with cgroups made by the container itself, and empty parents that may have been made with
 * them. Waits for processes that are about to end for at most TIMEOUT_MS. */
int box_cgroup_remove (struct box_cgroup *cgroup, int timeout_ms, struct tss_error *error);
void box_cgroup_free (struct box_cgroup *cgroup);

/* Names a cgroup below CGROUP, which has to exist: TEXT is "[CONTROLLER:]PATH", and without a controller concerns every
 * hierarchy. NULL or "" is CGROUP itself. *BELOW is for box_cgroup_free, also after a failure. */
int box_cgroup_below (const struct box_cgroup *cgroup, const char *text, struct box_cgroup *below,
                      struct tss_error *error);

/* Directory with CONTROLLER ("memory", or "" for the unified hierarchy), NULL where the host has none. */
const struct box_cgroup_directory *box_cgroup_find (const struct box_cgroup *cgroup, const char *controller);

/* *FD becomes a descriptor for CLONE_INTO_CGROUP, or -1 where there is no unified hierarchy. */
int box_cgroup_open_unified (const struct box_cgroup *cgroup, int *fd, struct tss_error *error);

/* Moves the calling process, which has one thread, into all v1 directories.
 *
 * It writes "0" into `tasks`: the kernel then knows that the mover moves itself and skips the system-wide lock that
 * writing a pid into cgroup.procs takes, whose first taker waits for an RCU grace period (measured: 10 ms against 0.2
 * ms). */
int box_cgroup_join_v1 (const struct box_cgroup *cgroup, struct tss_error *error);

/* Makes the container's root, UID and GID on the host, master of what is below its cgroup, where that can be done: in
 * the unified hierarchy. */
int box_cgroup_give (const struct box_cgroup *cgroup, uid_t uid, gid_t gid, struct tss_error *error);

/* Applies linux.resources; warnings about what the host cannot do go to WARN. */
int box_cgroup_apply (const struct box_cgroup *cgroup, const json_t *resources, const struct box_warner *warner,
                      struct tss_error *error);

/* Device rules of linux.resources; a new container gets the runtime spec's defaults too. */
int box_cgroup_apply_devices (const struct box_cgroup *cgroup, const json_t *resources, struct tss_error *error);

ssize_t box_cgroup_pids (const struct box_cgroup *cgroup, pid_t **pids, struct tss_error *error);

/* Kills all of them, and lifts the bounds of the cgroup on their time, without which they would not end soon. */
int box_cgroup_kill (const struct box_cgroup *cgroup, struct tss_error *error);

/* A process that v1 has frozen gets its SIGKILL only when it is thawed. */
int box_cgroup_let_die (const struct box_cgroup *cgroup, struct tss_error *error);
int box_cgroup_freeze (const struct box_cgroup *cgroup, bool frozen, struct tss_error *error);
bool box_cgroup_is_frozen (const struct box_cgroup *cgroup);
int box_cgroup_stats (const struct box_cgroup *cgroup, struct box_stats *stats, struct tss_error *error);
uint64_t box_cgroup_oom_kills (const struct box_cgroup *cgroup);

/* Whether processes wait for memory that nobody is killed for: only v1 knows that. Box_cgroup_refuse_memory says so in
 * an error. */
bool box_cgroup_is_out_of_memory (const struct box_cgroup *cgroup);
/* Whether a process may have ended over that instead: the kernel refuses what it has no memory for in a system call. */
bool box_cgroup_was_out_of_memory (const struct box_cgroup *cgroup);
int box_cgroup_refuse_memory (struct tss_error *error);

#endif
