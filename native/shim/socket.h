/* A listening unix socket at a path of any length. */
#ifndef TSSTACK_SHIM_SOCKET_H
#define TSSTACK_SHIM_SOCKET_H

#include "../common/error.h"

/* Mode 0600. A socket that nobody listens at any more is replaced; TSS_ERROR_EXISTS when somebody does. */
int socket_listen (const char *path, struct tss_error *error);

#endif
