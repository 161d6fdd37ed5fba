/* Removing trees without ever crossing a mount or following a link. */
#ifndef TSSTACK_LAYER_REMOVE_H
#define TSSTACK_LAYER_REMOVE_H

#include "../common/error.h"

/* Removes NAME in DIRECTORY (AT_FDCWD for a path) with everything below it; what does not exist is no error. A mount
 * below it is TSS_ERROR_STATE; what lies beside the mount may be gone by then. */
int layer_remove (int directory, const char *name, struct tss_error *error);

#endif
