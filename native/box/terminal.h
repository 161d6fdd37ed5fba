/* Terminals inside a container. */
#ifndef TSSTACK_BOX_TERMINAL_H
#define TSSTACK_BOX_TERMINAL_H

#include "spec.h"

/* Opens a new terminal of the devpts mounted at /dev/pts below ROOT, of the size that PROCESS asks for. */
int box_terminal_open (int root, const struct box_process *process, int *master, int *slave, struct tss_error *error);

/* Makes SLAVE the controlling terminal of the calling process, which leads a session of its own. */
int box_terminal_control (int slave, struct tss_error *error);

#endif
