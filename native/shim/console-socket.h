/* Where another OCI runtime hands over the terminal that it has made (--console-socket). */
#ifndef TSSTACK_SHIM_CONSOLE_SOCKET_H
#define TSSTACK_SHIM_CONSOLE_SOCKET_H

#include "../common/error.h"

/* Listens at PATH, absolute. Returns the descriptor. */
int console_socket_open (const char *path, struct tss_error *error);

/* The terminal's master side, from a runtime that has ended: it is there or never comes. */
int console_socket_take (int listener, struct tss_error *error);

#endif
