/* A growing queue of bytes. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

static bool
enlarge (struct buffer *buffer, size_t capacity)
{
  char *larger = realloc (buffer->data, capacity);

  if (!larger)
    return false;
  buffer->data = larger;
  buffer->capacity = capacity;
  return true;
}

char *
buffer_reserve (struct buffer *buffer, size_t size)
{
  size_t length = buffer_length (buffer);
  size_t doubled = buffer->capacity * 2;

  if (buffer->capacity - buffer->end < size)
    {
      if (buffer->start > 0 && length > 0)
        memmove (buffer->data, buffer_bytes (buffer), length);
      buffer->start = 0;
      buffer->end = length;
      if (buffer->capacity - length < size && !enlarge (buffer, doubled > length + size ? doubled : length + size))
        return NULL;
    }
  return buffer->data + buffer->end;
}

void
buffer_grow (struct buffer *buffer, size_t size)
{
  buffer->end += size;
}

bool
buffer_append (struct buffer *buffer, const void *data, size_t size)
{
  char *place;

  if (size == 0)
    return true;
  if (!(place = buffer_reserve (buffer, size)))
    return false;
  memcpy (place, data, size);
  buffer_grow (buffer, size);
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
