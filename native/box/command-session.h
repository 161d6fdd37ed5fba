/* Staying with a process: its terminal, the signals meant for it, and its exit status. */
#ifndef TSSTACK_BOX_COMMAND_SESSION_H
#define TSSTACK_BOX_COMMAND_SESSION_H

#include "../common/error.h"

#include <sys/types.h>

/* Copies between our terminal and MASTER (-1: none, takes ownership), forwards signals, and waits. Returns the exit
 * status, 128 + n after signal n. */
int command_session (pid_t pid, int master, struct tss_error *error);

/* Hands a terminal to the engine that listens at the socket PATH. */
int command_send_terminal (const char *path, int terminal, struct tss_error *error);

#endif
