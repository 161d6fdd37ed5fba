/* The shim as a whole: one process, one container, everything reached from one struct. */
#ifndef TSSTACK_SHIM_SHIM_H
#define TSSTACK_SHIM_SHIM_H

#include "log.h"
#include "options.h"
#include "run.h"
#include "server.h"
#include "session.h"
#include "state.h"
#include "stop.h"

struct shim
{
  struct loop loop;
  struct loop_watch signals;
  struct scratch scratch;
  struct shim_options options;
  struct state state;
  struct log log;
  struct server server;
  struct session *sessions;
  struct run run;
  struct stop stop;
  struct restart_history restarts;
  struct loop_timer backoff; /* until the next run */
  bool is_start_asked_for;   /* by a client or the options, not by the policy */
  struct loop_timer linger;  /* bounds the shim's own end */
  bool is_state_unwritten;   /* the file says less than the state */
  struct loop_timer write_again;
  int ready_fd;  /* where the launcher waits for word; -1: it has got it */
  int oom_score; /* what the container's processes get, unless their spec says otherwise */
  bool is_finishing;
};

/* Makes the container, reports to READY_FD and serves until the container has ended for good. Returns the exit status.
 */
int shim_run (const char *options_path, int ready_fd);

/* A change of the state: to the file and the subscribers. */
void shim_state_changed (struct shim *shim, const char *event);

/* The container has ended for good and everybody has been told: end soon, when the last output has been delivered. */
void shim_finish (struct shim *shim);

/* Ends now if nothing is left to do. */
void shim_check_finished (struct shim *shim);

#endif
