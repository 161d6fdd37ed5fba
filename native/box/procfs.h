/* Writes through the host's /proc that take effect in the calling process or its namespaces.
 *
 * The descriptor is opened on the host and checked to be a procfs, so that no mount of a container can redirect a write
 * (CVE-2025-52881). "self" in it is the caller, also from another pid namespace. */
#ifndef TSSTACK_BOX_PROCFS_H
#define TSSTACK_BOX_PROCFS_H

#include "spec.h"

struct box_channel;

/* O_PATH descriptor of /proc, negative on failure. */
int box_procfs_open (struct tss_error *error);

int box_procfs_set_sysctls (int proc, const struct box_spec *spec, struct tss_error *error);

/* Lowering the score needs CAP_SYS_RESOURCE; without it the present one stays and a warning goes through CHANNEL. */
int box_procfs_set_oom_score (int proc, const struct box_process *process, struct box_channel *channel,
                              struct tss_error *error);

/* AppArmor profile or SELinux label for the next exec of the calling process. */
int box_procfs_set_label (int proc, const struct box_process *process, struct tss_error *error);

#endif
