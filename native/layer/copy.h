/* Copying trees with everything: owners, modes, times, links, devices, holes, extended attributes. */
#ifndef TSSTACK_LAYER_COPY_H
#define TSSTACK_LAYER_COPY_H

#include "size.h"

/* Copies the directory open as FROM into the empty directory TO, including the metadata of the directory itself. Mounts
 * below FROM are not entered. SIZE counts the content of files and the entries. */
int layer_copy_tree (int from, int to, struct layer_size *size, struct tss_error *error);

#endif
