/* openat2: path lookups that the kernel itself keeps below a directory. */
#ifndef TSSTACK_LAYER_RESOLVE_H
#define TSSTACK_LAYER_RESOLVE_H

#include <linux/openat2.h>

/* Opens PATH as the root directory DIRECTORY would see it: absolute links and ".." end at it. Returns -1 with errno. */
int layer_open_in_root (int directory, const char *path, int flags);

/* Opens what lies at PATH below DIRECTORY, for its place alone (O_PATH). Returns -1 with errno; EXDEV when PATH, or a
 * link on the way, leads out of DIRECTORY. */
int layer_open_beneath (int directory, const char *path);

/* Opens the entry NAME (no slash) of DIRECTORY, a directory that is no mount point; EXDEV when it is one. */
int layer_open_child (int directory, const char *name);

/* Opens the directory PATH below DIRECTORY, for its place alone, following no link at all: ELOOP when one is on the
 * way. */
int layer_open_unlinked (int directory, const char *path);

#endif
