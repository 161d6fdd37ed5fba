/* Owner, mode, times and extended attributes from one object to another. */
#ifndef TSSTACK_LAYER_COPY_METADATA_H
#define TSSTACK_LAYER_COPY_METADATA_H

#include "../common/error.h"

#include <stdint.h>
#include <sys/stat.h>

/* One name in two open directories. */
struct layer_pair
{
  int from, to;
  const char *name;
  uint32_t first_id; /* added to the owner, for a copy that belongs to a user namespace */
};

/* Copies everything that STATUS and the attributes of the source say. Attributes of the overlay itself stay behind. */
int layer_copy_metadata (const struct layer_pair *pair, const struct stat *status, struct tss_error *error);

#endif
