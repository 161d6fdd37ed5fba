/* The capabilities of the shim's own process. Between two calls of libbox it has next to none in effect: frames of
 * clients and output of the container are handled without. */
#ifndef TSSTACK_SHIM_PRIVILEGES_H
#define TSSTACK_SHIM_PRIVILEGES_H

#include "../common/error.h"

#include <stdint.h>

/* Gives up for good what neither making containers nor the process of SPEC (config.json) needs, and leaves in effect
 * only what the event loop needs. */
int privileges_limit (const json_t *spec, struct tss_error *error);

/* Puts everything that is left into effect and returns what was before. */
uint64_t privileges_raise (void);
void privileges_restore (const uint64_t *before);

/* Until the end of the scope. */
#define PRIVILEGES_RAISED                                                                                              \
  __attribute__ ((cleanup (privileges_restore), unused)) const uint64_t privileges_before = privileges_raise ()

#endif
