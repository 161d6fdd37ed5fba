/* The state of a container as hooks and other programs are told about it. */
#ifndef TSSTACK_BOX_STATE_H
#define TSSTACK_BOX_STATE_H

#include "../common/error.h"

#include <sys/types.h>

/* Version of the runtime specification that is followed. */
#define BOX_OCI_VERSION "1.2.0"

/* What never changes of a container. All borrowed. */
struct box_identity
{
  const char *id, *bundle;
  const json_t *annotations; /* or NULL */
};

/* The state object of the runtime spec. PID is that of the first process as the reader of the state sees it, 0 when it
 * has none any more. The caller owns the result, which is NULL without memory. */
json_t *box_state_describe (const struct box_identity *identity, const char *status, pid_t pid);

#endif
