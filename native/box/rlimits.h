/* Resource limits of a process. */
#ifndef TSSTACK_BOX_RLIMITS_H
#define TSSTACK_BOX_RLIMITS_H

#include "spec.h"

struct box_channel;

/* Number for "RLIMIT_NOFILE"; -1 when there is no such limit. */
int box_rlimit_number (const char *name);

/* Sets the limits of the calling process. Without CAP_SYS_RESOURCE a hard limit cannot be raised: then the present one
 * is used and a warning goes through CHANNEL. */
int box_rlimits_apply (const struct box_process *process, struct box_channel *channel, struct tss_error *error);

/* Raises hard limits that box_rlimits_apply will need, for a process which is about to enter a user namespace: no right
 * that it has there can raise them. Soft ones stay. */
void box_rlimits_raise (const struct box_process *process);

#endif
