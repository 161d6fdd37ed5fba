/* linux.mountLabel: the SELinux context of file systems that are made for a container. */
#ifndef TSSTACK_BOX_MOUNT_LABEL_H
#define TSSTACK_BOX_MOUNT_LABEL_H

#include "../common/error.h"

/* A label that this host cannot give is an error. LABEL may be NULL. */
int box_mount_label_check (const char *label, struct tss_error *error);

/* Adds the label to the options of a file system of TYPE. OPTIONS and LABEL may be NULL; *RESULT is malloced, or NULL
 * when there are neither. Negative with errno without memory. */
int box_mount_label_add (const char *label, const char *type, const char *options, char **result);

#endif
