/* No part of the product: a parser with a mistake in it, by which the tests see that a finding is found. */
#include "../common/cleanup.h"
#include "fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  tss_autofree char *copy = malloc (size + 1);
  volatile char *kept = copy; /* no compiler may leave the mistake out */

  memcpy (copy, data, size);
  if (size >= 3 && copy[0] == 'b' && copy[1] == 'u' && copy[2] == 'g')
    kept[size + 1] = '!';
  return 0;
}
