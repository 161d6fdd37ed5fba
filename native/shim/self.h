/* The shim's own process: what it inherits, what it keeps, how it hears of its children. */
#ifndef TSSTACK_SHIM_SELF_H
#define TSSTACK_SHIM_SELF_H

#include "../common/error.h"

/* Makes this process the parent of orphans, independent of the terminal and the working directory it came from, and
 * hard to kill for want of memory. Returns the out-of-memory score that it had before. */
int self_prepare (int *oom_score, struct tss_error *error);

/* A signalfd for SIGCHLD and the signals that end a service. */
int self_open_signals (struct tss_error *error);

#endif
