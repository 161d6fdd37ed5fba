/* Limits of directories by project quotas of their file system (xfs, ext4). */
#ifndef TSSTACK_LAYER_QUOTA_H
#define TSSTACK_LAYER_QUOTA_H

#include "../common/error.h"

#include <stdint.h>

/* Makes the new directories of PATHS, all on one file system, one project, and lets all below them take BYTES (0: any
 * number) of the disk. Directories that are one already keep their project, but for one that they have inherited.
 * DIRECTORY is locked meanwhile, against others who look for a free number of a project. *PROJECT is 0 where there was
 * none and no limit is wanted. */
int layer_limit (const char *directory, const char *const *paths, uint64_t bytes, uint32_t *project,
                 struct tss_error *error);

#endif
