/* Paths inside a container's root, whose symlinks and races are the image's, not ours. */
#ifndef TSSTACK_BOX_TARGET_H
#define TSSTACK_BOX_TARGET_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* openat2 below ROOT: absolute paths and symlinks stay inside, links of /proc to open descriptors are refused
 * (CVE-2021-30465, CVE-2024-21626). RESOLVE holds further RESOLVE_... flags. Negative with errno on failure. */
int box_target_open (int root, const char *path, int flags, uint64_t resolve);

/* The same as O_PATH, making what is missing: directories, and at the end a directory or an empty file. */
int box_target_make (int root, const char *path, bool directory, struct tss_error *error);

/* Opens the directory that holds the last component of PATH, making it when it is missing; *NAME is that component. */
int box_target_make_parent (int root, const char *path, const char **name, struct tss_error *error);

/* Names FD for system calls that take only paths; FD's own mount and file, nothing that lies on top. */
struct box_fd_path
{
  char text[32];
};
struct box_fd_path box_fd_path (int fd);

#endif
