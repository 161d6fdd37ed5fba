/* Signals by name. */
#ifndef TSSTACK_SHIM_SIGNAL_NAMES_H
#define TSSTACK_SHIM_SIGNAL_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "SIGHUP", "HUP", "RTMIN+3" or "1" to the number; -1 when there is no such signal. */
int signal_names_find (const char *name);

/* NUMBER when it is a signal, else -1. */
int signal_names_check (int64_t number);

/* "SIGHUP", "SIGRTMIN+3". */
void signal_names_format (int signal, char *text, size_t size);

#endif
