/* The socket at which a container waits for its start when its maker does not stay. */
#ifndef TSSTACK_BOX_START_SOCKET_H
#define TSSTACK_BOX_START_SOCKET_H

#include "../common/error.h"

int box_start_socket_listen (const char *path, struct tss_error *error);
int box_start_socket_connect (const char *path, struct tss_error *error);

#endif
