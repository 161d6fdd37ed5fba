/* The requests of the shim's socket. */
#ifndef TSSTACK_SHIM_REQUESTS_H
#define TSSTACK_SHIM_REQUESTS_H

#include "client.h"

/* Does what the JSON text asks for and answers, now or, where that has to wait, later. */
void requests_handle (struct client *client, const char *payload, size_t length);

#endif
