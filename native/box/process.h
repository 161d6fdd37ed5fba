/* The last steps of a process on its way to the user's program, the same for a container's first process and for exec.
 * All run in that process, inside the container. */
#ifndef TSSTACK_BOX_PROCESS_H
#define TSSTACK_BOX_PROCESS_H

#include "channel.h"
#include "seccomp.h"
#include "spec.h"
#include "state.h"

struct box_launch
{
  const struct box_process *process;
  struct box_capabilities capabilities;
  const struct box_seccomp_filter *filter; /* or NULL */
  struct box_channel *channel;
  int proc;                     /* see procfs.h */
  int stdio[3];                 /* ends up as 0, 1 and 2; -1 is the container's /dev/null */
  int terminal;                 /* slave side, used instead of stdio; or -1 */
  int preserve_fds;             /* descriptors 3 to 2 + preserve_fds stay open */
  bool make_cwd;                /* the image need not have the working directory */
  unsigned long personality;    /* or BOX_PERSONALITY_UNSET */
  const json_t *hooks;          /* of the spec, of which those for the start run; or NULL */
  struct box_identity identity; /* for them */
};

/* Everything that needs the host's /proc or can be done early: terminal, working directory, user. */
int box_launch_prepare (struct box_launch *launch, struct tss_error *error);

/* Gives the rest of the rights up and becomes the program. Returns only on failure. */
int box_launch_exec (struct box_launch *launch, struct tss_error *error);

/* Gives the pipes among STDIO to UID of the user namespace that MAPS describes: the program is to open /dev/stdout
 * again, and nobody inside could give it that right. Runs outside of it. */
int box_stdio_give (const int stdio[3], const struct box_id_maps *maps, uid_t uid, struct tss_error *error);

#endif
