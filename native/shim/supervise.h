/* The container's life from one run to the next. */
#ifndef TSSTACK_SHIM_SUPERVISE_H
#define TSSTACK_SHIM_SUPERVISE_H

#include "../common/error.h"

#include <stdbool.h>

struct shim;

void supervise_init (struct shim *shim);

/* Makes the container for the first time. */
int supervise_create (struct shim *shim, struct tss_error *error);

/* created -> running. After a failure the container ends, which answers those who wait for it to run. */
int supervise_start (struct shim *shim, struct tss_error *error);

/* A run is over and its box is gone: stay, wait or go on. */
void supervise_run_ended (struct shim *shim);

/* A stop or restart ends the wait for the next run. */
void supervise_end_backoff (struct shim *shim);

int supervise_set_paused (struct shim *shim, bool paused, struct tss_error *error);

#endif
