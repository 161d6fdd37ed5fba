/* One run of the container: its box, its stdio, its end. */
#ifndef TSSTACK_SHIM_RUN_H
#define TSSTACK_SHIM_RUN_H

#include "../box/box.h"
#include "pump.h"
#include "sink.h"

struct shim;

struct run
{
  struct box_container *box; /* NULL between two runs */
  bool is_terminal, has_ended;
  bool has_started;             /* the program runs or has run */
  struct tss_error start_error; /* why it never will */
  uint64_t began_ms;
  int oom_score; /* what its spec says, or what this process had before it protected itself */
  struct pump outputs[2];
  struct sink input;
  struct loop_timer drain;
};

void run_init (struct shim *shim);

/* Makes the container from the bundle as it is now. On failure nothing is left. */
int run_create (struct shim *shim, struct tss_error *error);

/* Lets the program run. After a failure the container's process ends soon. */
int run_start (struct shim *shim, struct tss_error *error);

/* The container's first process has ended. Its remaining output is read, the box destroyed, then supervise_run_ended
 * called. */
void run_process_ended (struct shim *shim, int status);

/* Gives an OCI process object without an out-of-memory score this one: the shim's own score protects it from the
 * kernel, and the container's processes must not inherit that. */
void run_set_oom_score (json_t *process, int score);

/* What a program that never ran ends with. */
int run_exit_code_of (const struct tss_error *error);

/* The log takes data again, or a client that is waited for has read what it had: reads on, unless another is full. */
void run_resume_output (struct shim *shim);

#endif
