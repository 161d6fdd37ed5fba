/* Containers that another OCI runtime makes (shim.json: `runtime`). It creates, starts, enters and deletes them, one
 * process for each; everything else (signals, freezing, limits, statistics) is libbox's work on the cgroup, as always.
 */
#ifndef TSSTACK_SHIM_RUNTIME_H
#define TSSTACK_SHIM_RUNTIME_H

#include "../box/box.h"
#include "options.h"

/* As box_create. *TERMINAL is the terminal's master side where the spec asks for one, else -1. */
int runtime_create (const struct shim_options *options, const json_t *spec, const int stdio[3],
                    struct box_container **container, int *terminal, struct tss_error *error);

/* As box_start. */
int runtime_start (const struct shim_options *options, struct tss_error *error);

/* As box_exec. The seccomp filter of the container stays with a privileged process, too. */
int runtime_exec (const struct shim_options *options, const struct box_exec_options *exec, pid_t *pid, int *terminal,
                  struct tss_error *error);

/* Before box_destroy: lets the runtime clean up. */
void runtime_delete (const struct shim_options *options);

#endif
