/* Measuring trees. */
#ifndef TSSTACK_LAYER_SIZE_H
#define TSSTACK_LAYER_SIZE_H

#include "../common/error.h"

#include <stdint.h>

struct layer_size
{
  uint64_t bytes;   /* allocated on disk; a file with several links counts once */
  uint64_t entries; /* the directory itself not counted */
};

/* Adds the tree below PATH; other file systems mounted in it are not entered. */
int layer_measure (const char *path, struct layer_size *size, struct tss_error *error);

#endif
