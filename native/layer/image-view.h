/* The file system of an image, as its containers see it. */
#ifndef TSSTACK_LAYER_IMAGE_VIEW_H
#define TSSTACK_LAYER_IMAGE_VIEW_H

#include "../common/error.h"

/* Opens the directory PATH of the image made of LAYERS (topmost first, NULL-terminated; names without a slash are
 * relative to DIRECTORY). Several layers are mounted in a new mount namespace of this process, which the host never
 * sees. Returns -1: TSS_ERROR_NOT_FOUND when the image has no such path, TSS_ERROR_STATE when it is no directory. */
int layer_open_image_path (const char *directory, const char *const *layers, const char *path, struct tss_error *error);

/* The same for anything that lies at PATH, opened for its place alone (O_PATH). */
int layer_open_image_entry (const char *directory, const char *const *layers, const char *path,
                            struct tss_error *error);

#endif
