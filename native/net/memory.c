#include "memory.h"
#include "../common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* POINTER, which is not NULL for the caller. */
static void *
require (void *pointer)
{
  if (pointer != NULL)
    return pointer;
  fputs ("tsstack-net: out of memory\n", stderr);
  abort ();
}

void *
memory_allocate (size_t size)
{
  return require (calloc (1, size));
}

static void *
allocate_json (size_t size)
{
  return require (malloc (size));
}

void
memory_prepare (void)
{
  json_set_alloc_funcs (allocate_json, free);
}

void *
memory_resize (void *pointer, size_t size)
{
  return require (realloc (pointer, size));
}

char *
memory_copy_string (const char *text)
{
  size_t size = strlen (text) + 1;
  return memcpy (require (malloc (size)), text, size);
}

void
memory_append (struct buffer *buffer, const void *data, size_t size)
{
  if (size == 0)
    return;
  memcpy (memory_reserve (buffer, size), data, size);
  buffer_grow (buffer, size);
}

char *
memory_reserve (struct buffer *buffer, size_t size)
{
  return require (buffer_reserve (buffer, size));
}

char *
memory_format_json (const json_t *value)
{
  return require (tss_json_format (value));
}
