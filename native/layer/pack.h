/* Writing a file or directory of a container as a tar archive. */
#ifndef TSSTACK_LAYER_PACK_H
#define TSSTACK_LAYER_PACK_H

#include "../common/error.h"

#include <stdbool.h>
#include <sys/stat.h>

struct layer_pack
{
  const char *path; /* as ROOT sees it */
  const char *name; /* that it has in the archive */
  bool follow;      /* a link at the end of the path */
};

/* Opens what lies at the path below ROOT, for its place alone. TSS_ERROR_NOT_FOUND when nothing does. */
int layer_find_path (int root, const char *path, bool follow, struct stat *status, struct tss_error *error);

/* Writes it to FD, links as links. Sockets and what kernel file systems show below it are left out. */
int layer_pack (int root, const struct layer_pack *wanted, int fd, struct tss_error *error);

#endif
