/* Warnings: what was done less well than asked for. */
#ifndef TSSTACK_BOX_WARNING_H
#define TSSTACK_BOX_WARNING_H

#include "box.h"

void box_warn (const struct box_warner *warner, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
