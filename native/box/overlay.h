/* Mount options of a root that is made of layers. */
#ifndef TSSTACK_BOX_OVERLAY_H
#define TSSTACK_BOX_OVERLAY_H

#include "box.h"

/* Fills OPTIONS for mount(2), with the layers' names as they are. -1 when they do not fit. */
int box_overlay_format (const struct box_overlay *overlay, char *options, size_t size);

#endif
