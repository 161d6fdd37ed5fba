#include "random.h"
#include "../common/cleanup.h"

#include <sys/random.h>

/* A DNS client with ids that can be guessed is worse than none: no fallback. */
uint32_t
random_number (void)
{
  uint32_t number = 0;
  if (TSS_RETRY (getrandom (&number, sizeof number, 0)) != (ssize_t)sizeof number)
    abort ();
  return number;
}
