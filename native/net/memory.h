/* Allocation that does not fail: the kernel overcommits, and a data plane that cannot get 100 bytes is better restarted
 * than limping. */
#ifndef TSSTACK_NET_MEMORY_H
#define TSSTACK_NET_MEMORY_H

#include "../common/buffer.h"

#include <jansson.h>
#include <stddef.h>

/* JSON values are made under the same rule from now on. */
void memory_prepare (void);

void *memory_allocate (size_t size); /* zeroed */
void *memory_resize (void *pointer, size_t size);
char *memory_copy_string (const char *text);

/* buffer_append and buffer_reserve. */
void memory_append (struct buffer *buffer, const void *data, size_t size);
char *memory_reserve (struct buffer *buffer, size_t size);

/* tss_json_format. */
char *memory_format_json (const json_t *value);

#endif
