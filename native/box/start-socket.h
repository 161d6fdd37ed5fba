/* The socket at which a container waits for its start when its maker does not stay. */
#ifndef TSSTACK_BOX_START_SOCKET_H
#define TSSTACK_BOX_START_SOCKET_H

#include "../common/error.h"

int box_start_socket_listen (const char *path, struct tss_error *error);
int box_start_socket_connect (const char *path, struct tss_error *error);

/* Connects to any socket of a file system, however long its path. TYPE is one of socket's; waits and is to wait no
 * longer than TIMEOUT_S seconds, 0 = for ever. Returns -1 with errno and no message. */
int box_socket_connect (const char *path, int type, int timeout_s);

#endif
