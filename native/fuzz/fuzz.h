/* What every fuzz target is made of. A target is one file: native/fuzz/NAME.c with its seeds and former findings in
 * corpus/NAME/. */
#ifndef TSSTACK_FUZZ_FUZZ_H
#define TSSTACK_FUZZ_FUZZ_H

#include "../common/loop.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called by libFuzzer for each input. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerInitialize (int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t maximum, unsigned int seed);

/* Offered by libFuzzer. */
size_t LLVMFuzzerMutate (uint8_t *data, size_t size, size_t maximum);

/* A new directory for the life of the process; whoever makes it removes it at the end. */
void fuzz_make_directory (char directory[PATH_MAX]);

/* Lets LOOP do all that is ready now. */
void fuzz_run_once (struct loop *loop);

/* What must hold whatever the input is. */
#define FUZZ_REQUIRE(condition)                                                                                        \
  do                                                                                                                   \
    if (!(condition))                                                                                                  \
      {                                                                                                                \
        fprintf (stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                \
        abort ();                                                                                                      \
      }                                                                                                                \
  while (0)

#endif
