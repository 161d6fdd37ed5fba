/* SELinux labels of files that a container is given. */
#ifndef TSSTACK_LAYER_LABEL_H
#define TSSTACK_LAYER_LABEL_H

#include "../common/error.h"

/* Labels the file or tree PATH, never crossing a mount or following a link. File systems without labels of their own
 * stay as they are: what they have, the host's policy says. */
int layer_label (const char *path, const char *label, struct tss_error *error);

/* The same, but for a tree that has the label already: its directory gets it after all that is in it. */
int layer_label_once (const char *path, const char *label, struct tss_error *error);

#endif
