/* libbox: makes, enters and removes containers described by an OCI runtime spec. Used in process by the shim and by
 * tsstack-box.
 *
 * Conventions (docs/style of the project): the last argument is an error out-parameter; a negative result means
 * failure; nothing here prints or exits, except in children after fork, which end in exec or _exit on the spot. */
#ifndef TSSTACK_BOX_H
#define TSSTACK_BOX_H

#include "../common/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A root filesystem made of layers; see docs/native.md, section 2. */
struct box_overlay
{
  const char *directory;    /* working directory while mounting, for short relative layer names; may be NULL */
  const char *const *lower; /* topmost first, NULL-terminated */
  const char *upper;        /* NULL: read-only root */
  const char *work;
  bool map_ids; /* owners on disk are ids of the container's user namespace; upper and work are side by side */
};

/* Told when something is done less well than asked for, because the host cannot do better. May be all NULL. Used until
 * the container is destroyed. */
struct box_warner
{
  void (*warn) (void *context, const char *message);
  void *context;
};

struct box_container;

struct box_options
{
  const char *id;
  const char *bundle;                /* absolute; relative paths in the spec begin there */
  const json_t *spec;                /* config.json, already parsed */
  const struct box_overlay *overlay; /* NULL: use spec.root.path */
  const char *cgroup;                /* overrides linux.cgroupsPath; relative = below the caller's own cgroup */
  int stdio[3];                      /* descriptors for the process; ignored with process.terminal */
  bool keep_keyring;                 /* the caller's session keyring, instead of a new one */
  int preserve_fds;                  /* how many descriptors, from 3 on, the process keeps: all of them open */
  /* Path of a socket to make, where box_release starts the program from another process; NULL: box_start does. The
   * container then outlives the caller. */
  const char *start_socket;
  struct box_warner warner;
  /* What the caller has to do anyway, while the first process sets itself up: that one is known already. When it fails,
   * so does box_create. May be NULL. */
  int (*meanwhile) (void *context, const struct box_container *container, struct tss_error *error);
  void *context; /* for it */
};

/* Makes namespaces, cgroup, mounts and everything else, up to but not including the exec of the user's program. On
 * failure nothing is left behind. */
int box_create (const struct box_options *options, struct box_container **container, struct tss_error *error);

/* Lets the program run. Returns when the exec has succeeded (0) or failed (-1, TSS_ERROR_EXEC_*). A hook that fails
 * after the exec is a failure too, and kills the container. */
int box_start (struct box_container *container, struct tss_error *error);

/* Does what box_start does, for a container made with START_SOCKET by another process. */
int box_release (struct box_container *container, const char *start_socket, struct tss_error *error);

/* The same when the container has been asked already, at CONNECTION, which is closed; it may refuse to begin that way.
 */
int box_await_release (struct box_container *container, int connection, const char *start_socket,
                       struct tss_error *error);

/* Host pid of the container's first process. The caller is its parent and reaps it. */
pid_t box_pid (const struct box_container *container);

/* Master side of the terminal when process.terminal is true, else -1. Owned by the container until box_steal_terminal.
 */
int box_steal_terminal (struct box_container *container);

struct box_exec_options
{
  /* OCI process object; process.terminal asks for a new terminal. What it lacks of labels, limits, out-of-memory score
   * and scheduling is as in the container's own. */
  const json_t *process;
  int stdio[3];
  bool privileged; /* all capabilities, no seccomp filter */
  /* After 10 s in which the process could not begin; it is then left to the caller to reap. For one who has other
   * things to do than to wait. */
  bool gives_up;
  bool when_frozen; /* do not refuse a frozen container; the call then returns when it is thawed */
  /* A cgroup below the container's own, which exists: "[CONTROLLERS:]PATH". NULL: the container's. */
  const char *cgroup;
  int preserve_fds; /* as in struct box_options */
};

/* What another process needs to take a container over: {"id","bundle","pid","pidStartTime","cgroup"}. The caller owns
 * the result. */
json_t *box_save (const struct box_container *container, struct tss_error *error);

/* Takes a container over that box_save described. SPEC is the one it was made from, needed for its hooks (box_release,
 * box_destroy) and for box_exec; otherwise it may be NULL. WARNER may be NULL. A container whose first process has
 * ended is loaded too: box_is_alive tells. */
int box_load (const json_t *saved, const json_t *spec, const struct box_warner *warner,
              struct box_container **container, struct tss_error *error);

/* Takes a container over that another runtime made, by its first process PID, a child of the caller. Its cgroups are
 * those in which that process is and the caller is not. box_exec and the hooks stay the other runtime's business. */
int box_adopt (const char *id, const char *bundle, pid_t pid, struct box_container **container,
               struct tss_error *error);

/* Whether the first process has not ended yet. */
bool box_is_alive (const struct box_container *container);
bool box_is_frozen (const struct box_container *container);

/* Sends a signal to the first process; TSS_ERROR_STATE when it has ended. */
int box_signal (struct box_container *container, int signal, struct tss_error *error);

/* Lets go of a container without touching it. */
void box_forget (struct box_container *container);

/* Starts a second process in the container, as a child of the caller. *PID is its host pid, *TERMINAL the master side
 * or -1. */
int box_exec (struct box_container *container, const struct box_exec_options *options, pid_t *pid, int *terminal,
              struct tss_error *error);

/* SIGKILL to everything in the container's cgroup, also what has escaped the process tree. */
int box_kill_all (struct box_container *container, struct tss_error *error);
int box_freeze (struct box_container *container, bool frozen, struct tss_error *error);

struct box_stats
{
  uint64_t cpu_usage_ns, memory_bytes, memory_limit_bytes, pids, block_read_bytes, block_write_bytes;
};
int box_read_stats (struct box_container *container, struct box_stats *stats, struct tss_error *error);

/* Host pids in the container's cgroup; *PIDS is malloced. Returns the count. */
ssize_t box_pids (struct box_container *container, pid_t **pids, struct tss_error *error);

/* Applies an OCI linux.resources object. */
int box_update (struct box_container *container, const json_t *resources, struct tss_error *error);

/* Number of OOM kills in the container's cgroup so far; 0 where the host cannot tell. */
uint64_t box_oom_kills (struct box_container *container);

/* Kills what is left, removes the cgroup, runs the hooks for the end, closes every descriptor, frees. Never fails
 * halfway: what could not be removed is reported after everything else was tried. */
int box_destroy (struct box_container *container, struct tss_error *error);

#endif
