/* Starting a program that outlives us. */
#ifndef TSSTACK_SHIM_DETACH_H
#define TSSTACK_SHIM_DETACH_H

#include "../common/error.h"

#include <sys/types.h>

struct detach_options
{
  const char *program; /* what to execute; arguments[0] is only its name */
  char *const *arguments;
  const char *log_path; /* standard output and error; NULL: /dev/null */
};

/* Starts a program in a session of its own, as nobody's child, with its working directory at / and no descriptors but
 * its standard ones and one named by TSSTACK_READY_FD. *READY is the other end of that: the first line that comes out
 * of it is {"pid":N}; then comes what the program says, or {"error":{…}}. */
int detach_start (const struct detach_options *options, int *ready, struct tss_error *error);

#endif
