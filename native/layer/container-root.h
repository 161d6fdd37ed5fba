/* The root directory of a container, as its own processes see it. */
#ifndef TSSTACK_LAYER_CONTAINER_ROOT_H
#define TSSTACK_LAYER_CONTAINER_ROOT_H

#include "options.h"

/* Opens the root of the container that OPTIONS name: by --pid and --cgroup while it runs, by its layers while it does
 * not; the host's own root without either. Nothing of this process moves there: its root and its libraries stay the
 * host's. Afterwards the process is root of the container's user namespace, and has the capabilities that files need,
 * no other. Returns -1 on failure. */
int layer_open_container_root (const struct layer_options *options, struct tss_error *error);

#endif
