/* Reads what a process writes, in large pieces, and hands it on. */
#ifndef TSSTACK_SHIM_PUMP_H
#define TSSTACK_SHIM_PUMP_H

#include "scratch.h"

struct pump
{
  struct loop *loop;
  struct scratch *scratch;
  struct loop_watch watch;
  int stream; /* 0: stdout or terminal, 1: stderr */
  void *context;
  /* DATA lies in scratch_input. */
  void (*data) (void *context, int stream, char *data, size_t size);
  /* No writer is left; the pump is closed. May free it. */
  void (*end) (void *context, int stream);
};

/* Takes FD, the read end of a pipe or the master side of a terminal, and makes it non-blocking. LOOP, SCRATCH and the
 * callbacks have been set. */
int pump_open (struct pump *pump, int fd, struct tss_error *error);
void pump_set_paused (struct pump *pump, bool paused);

/* Hands on what is left in the pipe, as far as it cannot be somebody writing on and on. */
void pump_drain (struct pump *pump);
void pump_close (struct pump *pump);

static inline bool
pump_is_open (const struct pump *pump)
{
  return pump->watch.fd >= 0;
}

#endif
