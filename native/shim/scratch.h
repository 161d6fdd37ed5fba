/* Memory for moving data, mapped at the first use and given back when the shim is idle, because there is one shim per
 * container and most of them are idle most of the time. Its content lasts no longer than one callback of the loop. */
#ifndef TSSTACK_SHIM_SCRATCH_H
#define TSSTACK_SHIM_SCRATCH_H

#include "../common/loop.h"
#include "lines.h"

enum
{
  /* Room in front of the input, for the unfinished line that it continues. */
  SCRATCH_HEADROOM = LINES_PART_MAX,
  /* Larger pieces fall out of the processor's cache; smaller ones cost more system calls. */
  SCRATCH_INPUT = 256 * 1024,
  SCRATCH_OUTPUT = 256 * 1024,
};

struct scratch
{
  struct loop *loop;
  struct loop_timer idle;
  bool was_used;
  char *memory;
};

void scratch_init (struct scratch *scratch, struct loop *loop);

/* SCRATCH_INPUT bytes with SCRATCH_HEADROOM writable bytes in front of them; NULL when memory is short. */
char *scratch_input (struct scratch *scratch);

/* SCRATCH_OUTPUT bytes; NULL when memory is short. */
char *scratch_output (struct scratch *scratch);

#endif
