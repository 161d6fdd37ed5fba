/* Mounts on the host that containers are given: file systems of volumes, parts of volumes, views of images. */
#ifndef TSSTACK_LAYER_MOUNT_H
#define TSSTACK_LAYER_MOUNT_H

#include "../common/error.h"

#include <stdbool.h>

/* Mounts the file system TYPE of DEVICE on the existing directory TO, with OPTIONS as mount(8) takes them; "bind" and
 * "rbind" among them bind the directory DEVICE. A mount that is there already stays: *MOUNTED tells. */
int layer_mount_filesystem (const char *type, const char *device, const char *const *options, const char *to,
                            bool *mounted, struct tss_error *error);

/* Binds what lies at PATH below the directory ROOT, a file or a directory, at TO. A link that leads out of ROOT is
 * refused, whoever changes the tree meanwhile. What is mounted at TO goes before. */
int layer_mount_part (const char *root, const char *path, const char *to, struct tss_error *error);

/* Mounts what lies at PATH of the image made of LAYERS (topmost first) at TO, read-only. What is mounted there goes
 * before. Changes the mount namespace of this process in between. */
int layer_mount_image (const char *directory, const char *const *layers, const char *path, const char *to,
                       struct tss_error *error);

/* Unmounts whatever is mounted at PATH and removes the empty directory or file that it was mounted on. What is not
 * there is fine. */
int layer_unmount (const char *path, struct tss_error *error);

#endif
