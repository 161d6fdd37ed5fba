/* Telling whoever has started this program, through TSSTACK_READY_FD, that it is ready or why not. */
#ifndef TSSTACK_SHIM_READY_H
#define TSSTACK_SHIM_READY_H

#include "../common/error.h"

#define READY_VARIABLE "TSSTACK_READY_FD"

/* The descriptor that the environment names, made close-on-exec and taken out of it. *FD is -1 when nobody waits. */
int ready_take_descriptor (int *fd, struct tss_error *error);

/* Writes one line with the member KEY, and closes *FD. Takes over VALUE. Does nothing when *FD is -1. */
void ready_report (int *fd, const char *key, json_t *value);

#endif
