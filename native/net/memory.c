#include "memory.h"

#include <stdlib.h>
#include <string.h>

void *
memory_allocate (size_t size)
{
  void *pointer = calloc (1, size);
  if (pointer == NULL)
    abort ();
  return pointer;
}

void *
memory_resize (void *pointer, size_t size)
{
  void *resized = realloc (pointer, size);
  if (resized == NULL)
    abort ();
  return resized;
}

char *
memory_copy_string (const char *text)
{
  char *copy = strdup (text);
  if (copy == NULL)
    abort ();
  return copy;
}

void
memory_append (struct buffer *buffer, const void *data, size_t size)
{
  if (!buffer_append (buffer, data, size))
    abort ();
}

char *
memory_reserve (struct buffer *buffer, size_t size)
{
  char *place = buffer_reserve (buffer, size);
  if (place == NULL)
    abort ();
  return place;
}
