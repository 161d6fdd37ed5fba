/* The requests that concern a process's stdio: attach, exec, resize. Each answers or returns -1. */
#ifndef TSSTACK_SHIM_REQUEST_PROCESS_H
#define TSSTACK_SHIM_REQUEST_PROCESS_H

#include "client.h"

int request_attach (struct client *client, const json_t *request, struct tss_error *error);
int request_exec (struct client *client, const json_t *request, struct tss_error *error);
int request_resize (struct client *client, const json_t *request, struct tss_error *error);

#endif
