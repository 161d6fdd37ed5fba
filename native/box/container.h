/* What libbox remembers of a container. */
#ifndef TSSTACK_BOX_CONTAINER_H
#define TSSTACK_BOX_CONTAINER_H

#include "box.h"
#include "capabilities.h"
#include "cgroup.h"
#include "channel.h"
#include "hooks.h"
#include "seccomp.h"

struct box_container
{
  char *id, *bundle;
  json_t *spec; /* NULL for a loaded container that nobody needs it of */
  pid_t pid;
  int pidfd;
  struct box_channel channel; /* open until the program runs */
  int terminal;               /* or -1 */
  struct box_cgroup cgroup;
  struct box_warner warner;
  bool hooks_began; /* those for the creation; then those for the end are owed */
  /* For later processes of the container. */
  bool rights_known;                 /* the following are those of the spec */
  struct box_seccomp_filter *filter; /* or NULL */
  struct box_capabilities capabilities;
  unsigned long personality;
};

/* SPEC may be NULL. */
struct box_container *box_container_new (const char *id, const char *bundle, const json_t *spec,
                                         struct tss_error *error);
void box_container_free (struct box_container *container);

/* The process itself said why it failed, and ends. */
enum
{
  BOX_AWAIT_FAILED = -2,
  BOX_AWAIT_REFUSED = -3, /* it has not begun, and would be asked in another way: START_PLAINLY */
};

/* Waits for the end of what CHANNEL's other side does: CREATED (*TERMINAL is set), or END for a successful exec, or a
 * failure: BOX_AWAIT_FAILED, or -1 if the other side was not heard any more. Warnings on the way go to WARNER. */
int box_await (struct box_channel *channel, enum box_message_kind wanted, int *terminal,
               const struct box_warner *warner, struct tss_error *error);

/* The same for BORN: *PID and *PIDFD become those of the container's first process. */
int box_await_birth (struct box_channel *channel, pid_t *pid, int *pidfd, const struct box_warner *warner,
                     struct tss_error *error);

/* The same for LISTENER: *LISTENER is the descriptor's number in the process that sent it. */
int box_await_listener (struct box_channel *channel, int *listener, const struct box_warner *warner,
                        struct tss_error *error);

/* Runs the spec's hooks of one kind, telling them STATUS. WARNER: see struct box_hook_call. */
int box_container_run_hooks (const struct box_container *container, enum box_hook_kind kind, const char *status,
                             const struct box_warner *warner, struct tss_error *error);

/* Kills a process that never became the user's program and takes its exit status. */
void box_abandon (pid_t pid);

/* A child's last words. */
_Noreturn void box_child_fail (struct box_channel *channel, const struct tss_error *error);

#endif
