/* Unpacking an archive into a directory that somebody else may be changing. */
#ifndef TSSTACK_LAYER_INSERT_H
#define TSSTACK_LAYER_INSERT_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct layer_insert
{
  const char *directory; /* as ROOT sees it; has to exist */
  const char *only;      /* the one name in the directory that the archive may concern; NULL or "." for any */
  bool keep_owners;      /* those of the archive; else all belongs to this process's user */
  bool drops_rights;     /* see struct layer_place */
  bool follows_links;    /* on the way to an entry. Where ROOT is no container's, a link could lead anywhere */
};

/* Reads a tar (plain, gzip, zstd, xz, bzip2) from FD. Files replace files and links; a directory and anything else
 * never replace each other (TSS_ERROR_EXISTS). Counts the entries in *ENTRIES. */
int layer_insert (int root, const struct layer_insert *wanted, int fd, uint64_t *entries, struct tss_error *error);

#endif
