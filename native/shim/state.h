/* What the shim knows about its container, as object, file and history (docs/native.md, section 3). */
#ifndef TSSTACK_SHIM_STATE_H
#define TSSTACK_SHIM_STATE_H

#include "../common/error.h"
#include "log-overflow.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum phase
{
  PHASE_CREATED,
  PHASE_RUNNING,
  PHASE_PAUSED,
  PHASE_RESTARTING,
  PHASE_STOPPING,
  PHASE_EXITED,
};

enum
{
  STATE_RUNS_KEPT = 16
};

/* How a run ended. A time of 0 seconds is "not yet". */
struct run_record
{
  struct timespec started_at, finished_at;
  int exit_code; /* 128+n after signal n; -1: not ended */
  int signal;    /* 0: none */
  bool oom_killed;
};

struct state
{
  const char *id;
  uint64_t seq;
  enum phase phase;
  pid_t pid;
  uint64_t pid_start_time, shim_start_time;
  struct timespec created_at, next_restart_at;
  struct run_record current;
  uint64_t restart_count;
  struct tss_error error; /* code TSS_ERROR_NONE: none */
  struct run_record runs[STATE_RUNS_KEPT];
  const struct log_overflow *overflow; /* of the log; NULL: none */
  size_t run_count;                    /* ever; the last STATE_RUNS_KEPT are kept */
};

/* Of the container ID, which must outlive it, with this process as its shim. */
void state_init (struct state *state, const char *id);

/* The object of the state file and the socket; the caller owns it. */
json_t *state_to_json (const struct state *state);

/* The name, such as "SIGKILL"; null for 0. */
json_t *state_signal_to_json (int signal);

/* Counts a change and replaces the file. */
int state_write (struct state *state, const char *path, struct tss_error *error);

/* A first process of the container lives from now on. */
void state_set_process (struct state *state, pid_t pid);

/* Moves the current run into the history. */
void state_end_run (struct state *state);

#endif
