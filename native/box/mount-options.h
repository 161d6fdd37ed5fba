/* The words that a mount's options consist of. */
#ifndef TSSTACK_BOX_MOUNT_OPTIONS_H
#define TSSTACK_BOX_MOUNT_OPTIONS_H

#include "spec.h"

/* Sorts OPTIONS into MOUNT's flags and its file system's own data. */
int box_mount_options_parse (const char *const *options, const char *where, struct box_mount *mount,
                             struct tss_error *error);

/* Calls VISIT for every word that is understood; stops at the first result that is not 0, and returns it. */
int box_mount_options_visit (int (*visit) (const char *name, void *context), void *context);

#endif
