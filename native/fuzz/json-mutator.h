/* Mutations that keep JSON valid: what a parser of bytes would refuse at once says nothing about the checks behind it.
 */
#ifndef TSSTACK_FUZZ_JSON_MUTATOR_H
#define TSSTACK_FUZZ_JSON_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes one place of the document in DATA, mostly; sometimes bytes. Returns the new size, at most MAXIMUM. */
size_t json_mutate (uint8_t *data, size_t size, size_t maximum, unsigned int seed);

#endif
