/* Sysctls of a container with a user namespace. Those of System V IPC belong to the host's root before Linux 6.9, and
 * to the container's from then on; each is refused to the other. */
#ifndef TSSTACK_BOX_SYSCTLS_H
#define TSSTACK_BOX_SYSCTLS_H

#include "spec.h"

/* Sets linux.sysctl in the namespaces of process PIDFD, by a process that is first the one root and then the other. */
int box_sysctls_set_in (int pidfd, const struct box_spec *spec, struct tss_error *error);

#endif
