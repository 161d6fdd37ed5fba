/* The framing of the shim's socket (docs/shim-protocol.md): an 8-byte header and a payload. */
#ifndef TSSTACK_SHIM_FRAMES_H
#define TSSTACK_SHIM_FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum frame_type
{
  FRAME_REQUEST = 1,
  FRAME_REPLY = 2,
  FRAME_EVENT = 3,
  FRAME_STDIN = 4,
  FRAME_STDOUT = 5,
  FRAME_STDERR = 6,
  FRAME_STDIN_CLOSE = 7,
  FRAME_EXIT = 8,
};

enum
{
  FRAME_HEADER_SIZE = 8,
  FRAME_PAYLOAD_MAX = 1024 * 1024,
};

void frames_put_header (unsigned char header[FRAME_HEADER_SIZE], enum frame_type type, size_t length);

/* Receives what a client has sent. Standard input is handed on piece by piece as it arrives, so that nothing of it is
 * kept; only a request is collected, in memory that grows with what has really arrived. */
struct frame_handler
{
  void (*request) (void *context, const char *payload, size_t length);
  void (*input) (void *context, const char *data, size_t size);
  void (*input_close) (void *context);
};

struct frame_reader
{
  unsigned char header[FRAME_HEADER_SIZE];
  size_t header_length;
  uint32_t remaining; /* of the payload */
  char *request;
  size_t request_length, request_capacity;
};

/* Feeds SIZE bytes. Returns 0, or -1 when the sender does not speak the protocol (unknown type, payload too long) or
 * memory is short; *PROBLEM then says why. Stops early, with 0, when *STOPPED becomes true in a handler. */
int frames_feed (struct frame_reader *reader, const char *data, size_t size, const struct frame_handler *handler,
                 void *context, const _Bool *stopped, const char **problem);

void frames_free (struct frame_reader *reader);

#endif
