/* `tsstack-shim --launcher`: starts shims and other helpers for a daemon whose own address space is too large to fork
 * quickly (docs/native.md, section 1). */
#ifndef TSSTACK_SHIM_LAUNCHER_H
#define TSSTACK_SHIM_LAUNCHER_H

/* Serves requests from standard input until it ends. Returns the exit status. */
int launcher_run (void);

#endif
