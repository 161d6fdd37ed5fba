/* A growing queue of bytes that keeps no memory while it is empty. */
#ifndef TSSTACK_COMMON_BUFFER_H
#define TSSTACK_COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer
{
  char *data;
  size_t start, end, capacity;
};

static inline size_t
buffer_length (const struct buffer *buffer)
{
  return buffer->end - buffer->start;
}

/* NULL when the queue has never held anything. */
static inline char *
buffer_bytes (const struct buffer *buffer)
{
  return buffer->data ? buffer->data + buffer->start : NULL;
}

/* Room for SIZE more bytes, which buffer_grow makes part of the queue; NULL, with the queue unchanged, when memory is
 * short. */
char *buffer_reserve (struct buffer *buffer, size_t size);
void buffer_grow (struct buffer *buffer, size_t size);

/* False, with the queue unchanged, when memory is short. */
bool buffer_append (struct buffer *buffer, const void *data, size_t size);

/* Removes SIZE bytes from the front. */
void buffer_consume (struct buffer *buffer, size_t size);
void buffer_free (struct buffer *buffer);

#endif
