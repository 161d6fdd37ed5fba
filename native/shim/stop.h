/* Ending the container on request: signal, grace, then SIGKILL to all of it. */
#ifndef TSSTACK_SHIM_STOP_H
#define TSSTACK_SHIM_STOP_H

#include "../common/loop.h"
#include "options.h"

struct shim;

struct stop
{
  bool is_requested; /* the end of the run is no business of the restart policy */
  bool restarts;     /* and is followed by a new run at once */
  struct loop_timer grace;
};

void stop_init (struct shim *shim);

/* Ends the container as OPTIONS say. A request while another is on its way can only shorten its grace. */
void stop_request (struct shim *shim, const struct stop_options *options);

/* As stop_request, but the container starts again. */
void stop_and_restart (struct shim *shim, const struct stop_options *options);

#endif
