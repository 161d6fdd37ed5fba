/* Waiting for a process of a container that may never get as far as the user's program: one that needs memory of a
 * cgroup which has none left, and in which nothing is killed for it (v1), waits for ever. */
#ifndef TSSTACK_BOX_PATIENCE_H
#define TSSTACK_BOX_PATIENCE_H

#include "../common/error.h"

#include <stdbool.h>

struct box_cgroup;

enum
{
  BOX_PATIENCE_S = 2, /* of silence, after which is looked whether there is still something to wait for */
};

struct box_patience
{
  const struct box_cgroup *cgroup; /* of the container; NULL: wait without end */
  int rounds;                      /* of BOX_PATIENCE_S in silence that may still pass; 0: any number */
  bool is_lost;
};

/* Whether to wait on: 0, or -1 with the reason not to. */
int box_patience_check (struct box_patience *patience, struct tss_error *error);

#endif
