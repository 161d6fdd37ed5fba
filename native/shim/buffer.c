/* A growing queue of bytes. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

static bool
make_room (struct buffer *buffer, size_t size)
{
  size_t length = buffer_length (buffer);
  size_t capacity = buffer->capacity * 2 > length + size ? buffer->capacity * 2 : length + size;
  char *larger;

  if (buffer->capacity - buffer->end >= size)
    return true;
  if (buffer->start > 0)
    memmove (buffer->data, buffer_bytes (buffer), length);
  buffer->start = 0;
  buffer->end = length;
  if (buffer->capacity - length >= size)
    return true;
  if (!(larger = realloc (buffer->data, capacity)))
    return false;
  buffer->data = larger;
  buffer->capacity = capacity;
  return true;
}

bool
buffer_append (struct buffer *buffer, const void *data, size_t size)
{
  if (size == 0)
    return true;
  if (!make_room (buffer, size))
    return false;
  memcpy (buffer->data + buffer->end, data, size);
  buffer->end += size;
  return true;
}

void
buffer_consume (struct buffer *buffer, size_t size)
{
  buffer->start += size;
  if (buffer->start == buffer->end)
    buffer_free (buffer);
}

void
buffer_free (struct buffer *buffer)
{
  free (buffer->data);
  *buffer = (struct buffer){ 0 };
}
