/* What has to be done before the container's first process is born: in a process of the caller's rights, which ends
 * with that birth. Needed for user namespaces, time namespaces, and mounts with other ids; otherwise there is no such
 * process.
 *
 * In a user namespace the first process cannot do what takes the host's root: enter cgroups, open the sources of
 * mounts, mount layers, make devices, raise limits. It finds all of that done, in descriptors that it inherits. */
#ifndef TSSTACK_BOX_STAGE_H
#define TSSTACK_BOX_STAGE_H

#include "setup.h"

bool box_stage_is_needed (const struct box_spec *spec);

/* Prepares SETUP and makes the first process, as a child of the caller's parent. Returns in that one alone. PID_TARGET
 * as in struct box_clone. */
void box_stage_run (struct box_setup *setup, int pid_target);

#endif
