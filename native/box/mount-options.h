/* The words that a mount's options consist of. */
#ifndef TSSTACK_BOX_MOUNT_OPTIONS_H
#define TSSTACK_BOX_MOUNT_OPTIONS_H

#include "spec.h"

/* Sorts OPTIONS into MOUNT's flags and its file system's own data. */
int box_mount_options_parse (const char *const *options, const char *where, struct box_mount *mount,
                             struct tss_error *error);

/* The words that are understood, by number; NULL past the last. */
const char *box_mount_option_name (size_t number);

#endif
