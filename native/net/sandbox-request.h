/* What a request sandbox.ensure may say. */
#ifndef TSSTACK_NET_SANDBOX_REQUEST_H
#define TSSTACK_NET_SANDBOX_REQUEST_H

#include "../common/error.h"

#include <jansson.h>

#define SANDBOX_MOST_INTERFACES 16

/* All of it, so that nothing is begun that cannot be done. */
int sandbox_request_check (const json_t *request, struct tss_error *error);

/* Of the interface at INDEX; "" when it has none. */
const char *sandbox_interface_name (const json_t *interfaces, size_t index);

#endif
