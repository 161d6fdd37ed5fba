/* Network namespaces that are kept alive by a bind mount of their file. */
#ifndef TSSTACK_NET_NETNS_H
#define TSSTACK_NET_NETNS_H

#include "../common/error.h"

#include <stdbool.h>

/* Descriptor of the calling thread's namespace. */
int netns_open_current (struct tss_error *error);

/* Is PATH a mounted namespace? */
bool netns_is_mounted (const char *path);

/* Makes the folder of PATH, as a mount of its own that is private, so that the mounts in it are seen nowhere else. */
int netns_prepare_folder (const char *path, struct tss_error *error);

/* Makes a namespace, mounts it on PATH, and leaves the calling thread in it. */
int netns_create (const char *path, struct tss_error *error);

/* Moves the calling thread into the namespace at PATH. */
int netns_enter (const char *path, struct tss_error *error);

/* Back to the namespace of descriptor HOST. There is no way on in the wrong namespace: aborts on failure. */
void netns_leave (int host);

/* Unmounts PATH and removes the file, as far as they are there; the kernel frees the namespace and its links when
 * nobody uses it any more. */
int netns_remove (const char *path, struct tss_error *error);

/* Unmounts the folder of PATH, which must hold no namespace any more. */
void netns_release_folder (const char *path);

#endif
