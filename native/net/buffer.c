#include "buffer.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

char *
buffer_reserve (struct buffer *buffer, size_t size)
{
  if (buffer->capacity - buffer->end >= size)
    return buffer->data + buffer->end;
  size_t length = buffer_length (buffer);
  if (length > 0 && buffer->start > 0)
    memmove (buffer->data, buffer_bytes (buffer), length);
  buffer->start = 0;
  buffer->end = length;
  if (buffer->capacity - length < size)
    {
      size_t doubled = buffer->capacity * 2;
      buffer->capacity = doubled > length + size ? doubled : length + size;
      buffer->data = memory_resize (buffer->data, buffer->capacity);
    }
  return buffer->data + buffer->end;
}

void
buffer_grow (struct buffer *buffer, size_t size)
{
  buffer->end += size;
}

void
buffer_append (struct buffer *buffer, const void *data, size_t size)
{
  if (size == 0)
    return;
  memcpy (buffer_reserve (buffer, size), data, size);
  buffer_grow (buffer, size);
}

void
buffer_consume (struct buffer *buffer, size_t size)
{
  buffer->start += size;
  if (buffer->start == buffer->end)
    buffer_free (buffer); /* idle connections keep no memory */
}

void
buffer_free (struct buffer *buffer)
{
  free (buffer->data);
  *buffer = (struct buffer){ 0 };
}
