/* The framing of the shim's socket. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

/* Requests are small; the first block holds nearly all of them. */
enum
{
  FIRST_REQUEST_CAPACITY = 512
};

void
frames_put_header (unsigned char header[FRAME_HEADER_SIZE], enum frame_type type, size_t length)
{
  memset (header, 0, FRAME_HEADER_SIZE);
  for (int i = 0; i < 4; i++)
    header[i] = (unsigned char)(length >> (8 * i));
  header[4] = (unsigned char)type;
}

static uint32_t
payload_length (const unsigned char header[FRAME_HEADER_SIZE])
{
  uint32_t length = 0;

  for (int i = 3; i >= 0; i--)
    length = length << 8 | header[i];
  return length;
}

static const char *
check_header (const struct frame_reader *reader)
{
  uint32_t length = payload_length (reader->header);

  switch (reader->header[4])
    {
    case FRAME_REQUEST:
    case FRAME_STDIN:
      return length > FRAME_PAYLOAD_MAX ? "the frame is longer than 1 MiB" : NULL;
    case FRAME_STDIN_CLOSE:
      return length > 0 ? "a stdin-close frame has no payload" : NULL;
    default:
      return "unknown frame type";
    }
}

static int
collect_request (struct frame_reader *reader, const char *data, size_t size)
{
  size_t needed = reader->request_length + size;

  if (needed > reader->request_capacity)
    {
      size_t capacity = reader->request_capacity ? reader->request_capacity : FIRST_REQUEST_CAPACITY;
      char *larger;

      while (capacity < needed)
        capacity *= 2;
      if (!(larger = realloc (reader->request, capacity)))
        return -1;
      reader->request = larger;
      reader->request_capacity = capacity;
    }
  memcpy (reader->request + reader->request_length, data, size);
  reader->request_length = needed;
  return 0;
}

static void
finish_frame (struct frame_reader *reader, const struct frame_handler *handler, void *context)
{
  unsigned char type = reader->header[4];
  char *request = reader->request;
  size_t length = reader->request_length;

  /* Ready for the next frame before the handler runs: it may free the connection. */
  *reader = (struct frame_reader){ 0 };
  if (type == FRAME_REQUEST)
    handler->request (context, request, length);
  else if (type == FRAME_STDIN_CLOSE)
    handler->input_close (context);
  free (request);
}

static size_t
feed_header (struct frame_reader *reader, const char *data, size_t size)
{
  size_t wanted = FRAME_HEADER_SIZE - reader->header_length;
  size_t taken = size < wanted ? size : wanted;

  memcpy (reader->header + reader->header_length, data, taken);
  reader->header_length += taken;
  if (reader->header_length == FRAME_HEADER_SIZE)
    reader->remaining = payload_length (reader->header);
  return taken;
}

int
frames_feed (struct frame_reader *reader, const char *data, size_t size, const struct frame_handler *handler,
             void *context, const _Bool *stopped, const char **problem)
{
  while (size > 0 && !*stopped)
    {
      size_t taken;

      if (reader->header_length < FRAME_HEADER_SIZE)
        {
          taken = feed_header (reader, data, size);
          if (reader->header_length == FRAME_HEADER_SIZE && (*problem = check_header (reader)))
            return -1;
        }
      else
        {
          taken = size < reader->remaining ? size : reader->remaining;
          reader->remaining -= (uint32_t)taken;
          if (reader->header[4] == FRAME_STDIN)
            handler->input (context, data, taken);
          else if (collect_request (reader, data, taken) < 0)
            {
              *problem = "out of memory";
              return -1;
            }
        }
      data += taken;
      size -= taken;
      if (!*stopped && reader->header_length == FRAME_HEADER_SIZE && reader->remaining == 0)
        finish_frame (reader, handler, context);
    }
  return 0;
}

void
frames_free (struct frame_reader *reader)
{
  free (reader->request);
  *reader = (struct frame_reader){ 0 };
}
