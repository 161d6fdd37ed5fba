/* Unpacking one layer archive into a new directory. */
#ifndef TSSTACK_LAYER_UNPACK_H
#define TSSTACK_LAYER_UNPACK_H

#include "entry.h"
#include "stream.h"
#include "tree.h"

struct layer_unpack_result
{
  char diff_id[LAYER_DIGEST_SIZE];
  uint64_t archive_bytes; /* uncompressed */
  uint64_t entries;
  struct layer_entry_counts counts;
  struct layer_path_list implicit; /* directories that the archive needs but does not describe */
};

/* What is known of the uncompressed archive before it is read. */
struct layer_expectation
{
  const char *diff_id; /* its digest, or NULL */
  uint64_t max_bytes;  /* 0 = any number */
};

/* Reads the archive from FD into DIRECTORY, which must not exist and is removed again when anything fails. */
int layer_unpack (int fd, const char *directory, const struct layer_expectation *expected,
                  struct layer_unpack_result *result, struct tss_error *error);

#endif
