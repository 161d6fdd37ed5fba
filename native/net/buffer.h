/* Growing byte queue. */
#ifndef TSSTACK_NET_BUFFER_H
#define TSSTACK_NET_BUFFER_H

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

static inline char *
buffer_bytes (const struct buffer *buffer)
{
  return buffer->data + buffer->start;
}

/* Room for SIZE more bytes; buffer_grow makes them part of the queue. */
char *buffer_reserve (struct buffer *buffer, size_t size);
void buffer_grow (struct buffer *buffer, size_t size);
void buffer_append (struct buffer *buffer, const void *data, size_t size);
void buffer_consume (struct buffer *buffer, size_t size);
void buffer_free (struct buffer *buffer);

#endif
