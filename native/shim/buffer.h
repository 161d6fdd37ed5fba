/* A growing queue of bytes that keeps no memory while it is empty. */
#ifndef TSSTACK_SHIM_BUFFER_H
#define TSSTACK_SHIM_BUFFER_H

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

static inline const char *
buffer_bytes (const struct buffer *buffer)
{
  return buffer->data + buffer->start;
}

/* False, with the buffer unchanged, when memory is short. */
bool buffer_append (struct buffer *buffer, const void *data, size_t size);
void buffer_consume (struct buffer *buffer, size_t size);
void buffer_free (struct buffer *buffer);

#endif
