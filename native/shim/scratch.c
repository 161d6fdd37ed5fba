/* Memory for moving data, given back when the shim is idle. */
#include "scratch.h"

#include <sys/mman.h>

enum
{
  SIZE = SCRATCH_HEADROOM + SCRATCH_INPUT + SCRATCH_OUTPUT,
  /* Long enough that a container that writes every second does not map and unmap each time. */
  IDLE_MS = 2000,
};

static void
on_idle_check (void *context)
{
  struct scratch *scratch = context;

  if (scratch->was_used)
    {
      scratch->was_used = false;
      loop_start_timer (scratch->loop, &scratch->idle, IDLE_MS);
      return;
    }
  munmap (scratch->memory, SIZE);
  scratch->memory = NULL;
}

void
scratch_init (struct scratch *scratch, struct loop *loop)
{
  *scratch = (struct scratch){ .loop = loop, .idle = { .function = on_idle_check, .context = scratch } };
}

static char *
get_memory (struct scratch *scratch)
{
  void *memory;

  scratch->was_used = true;
  if (scratch->memory)
    return scratch->memory;
  memory = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;
  loop_start_timer (scratch->loop, &scratch->idle, IDLE_MS);
  return scratch->memory = memory;
}

char *
scratch_input (struct scratch *scratch)
{
  char *memory = get_memory (scratch);

  return memory ? memory + SCRATCH_HEADROOM : NULL;
}

char *
scratch_output (struct scratch *scratch)
{
  char *memory = get_memory (scratch);

  return memory ? memory + SCRATCH_HEADROOM + SCRATCH_INPUT : NULL;
}
