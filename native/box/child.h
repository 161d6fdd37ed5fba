/* The container's first process, from its birth to the user's program. */
#ifndef TSSTACK_BOX_CHILD_H
#define TSSTACK_BOX_CHILD_H

#include "setup.h"

/* Runs in the new process. LISTENER, or -1, is where the start is asked for instead of SETUP's channel. */
_Noreturn void box_child_run (struct box_setup *setup, int listener);

#endif
