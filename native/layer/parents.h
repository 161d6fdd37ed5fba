/* Directories that an archive needs but does not describe: they look as the same directories of the layers below. */
#ifndef TSSTACK_LAYER_PARENTS_H
#define TSSTACK_LAYER_PARENTS_H

#include "../common/error.h"

/* Gives the directory PATH in the layer TO the metadata of the same directory in the topmost of LAYERS
 * (NULL-terminated) that has it. */
int layer_adopt_parent (const char *to, const char *const *layers, const char *path, struct tss_error *error);

#endif
