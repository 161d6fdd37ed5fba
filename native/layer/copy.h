/* Copying trees with everything: owners, modes, times, links, devices, holes, extended attributes. */
#ifndef TSSTACK_LAYER_COPY_H
#define TSSTACK_LAYER_COPY_H

#include "size.h"

/* Copies the directory open as FROM into the empty directory TO, including the metadata of the directory itself. Mounts
 * below FROM are not entered. SIZE counts the content of files and the entries. FIRST_ID is added to
 * all owners: 0 inside of a user namespace that begins with it outside. */
int layer_copy_tree (int from, int to, uint32_t first_id, struct layer_size *size, struct tss_error *error);

#endif
