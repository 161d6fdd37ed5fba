/* The frame reader of tsstack-shim: honest streams in any pieces, and garbage. */
#include "../shim/frames.h"
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

enum
{
  GARBAGE_ROUNDS = 20000
};

/* What a handler has seen, as text: "r(hello)i(abc)c". */
struct seen
{
  char text[4096];
  size_t length, input_bytes;
  bool stops_at_request, stopped, was_input;
};

static void
see (struct seen *seen, const char *data, size_t size)
{
  if (seen->length + size < sizeof seen->text)
    {
      memcpy (seen->text + seen->length, data, size);
      seen->length += size;
    }
}

static void
on_request (void *context, const char *payload, size_t length)
{
  struct seen *seen = context;

  see (seen, "r(", 2);
  if (length > 0)
    see (seen, payload, length);
  see (seen, ")", 1);
  seen->stopped = seen->stops_at_request;
}

static void
on_input (void *context, const char *data, size_t size)
{
  struct seen *seen = context;

  seen->input_bytes += size;
  see (seen, data, size);
}

static void
on_input_close (void *context)
{
  see (context, "c", 1);
}

static const struct frame_handler handler = { .request = on_request, .input = on_input, .input_close = on_input_close };

static size_t
put (char *stream, size_t length, enum frame_type type, const char *payload)
{
  size_t size = strlen (payload);

  frames_put_header ((unsigned char *)stream + length, type, size);
  memcpy (stream + length + FRAME_HEADER_SIZE, payload, size);
  return length + FRAME_HEADER_SIZE + size;
}

static size_t
put_conversation (char *stream)
{
  size_t length = put (stream, 0, FRAME_REQUEST, "hello");

  length = put (stream, length, FRAME_STDIN, "some ");
  length = put (stream, length, FRAME_STDIN, "");
  length = put (stream, length, FRAME_STDIN, "input");
  length = put (stream, length, FRAME_STDIN_CLOSE, "");
  length = put (stream, length, FRAME_REQUEST, "");
  return put (stream, length, FRAME_REQUEST, "{\"op\":\"state\"}");
}

static void
test_pieces (void)
{
  char stream[256];
  size_t length = put_conversation (stream);

  for (size_t piece = 1; piece <= length; piece++)
    {
      struct frame_reader reader = { 0 };
      struct seen seen = { 0 };
      const char *problem = NULL;
      int result = 0;

      for (size_t at = 0; at < length && result == 0; at += piece)
        result = frames_feed (&reader, stream + at, length - at < piece ? length - at : piece, &handler, &seen,
                              &seen.stopped, &problem);
      CHECK (result == 0);
      CHECK_STRING (seen.text, "r(hello)some inputcr()r({\"op\":\"state\"})");
      frames_free (&reader);
    }
}

static void
test_stop (void)
{
  char stream[256];
  size_t length = put_conversation (stream);
  struct frame_reader reader = { 0 };
  struct seen seen = { .stops_at_request = true };
  const char *problem = NULL;

  CHECK (frames_feed (&reader, stream, length, &handler, &seen, &seen.stopped, &problem) == 0);
  CHECK_STRING (seen.text, "r(hello)");
  frames_free (&reader);
}

static void
check_refused (uint32_t length, unsigned char type)
{
  struct frame_reader reader = { 0 };
  struct seen seen = { 0 };
  const char *problem = NULL;
  char stream[FRAME_HEADER_SIZE + 1] = { 0 };

  frames_put_header ((unsigned char *)stream, type, length);
  CHECK (frames_feed (&reader, stream, sizeof stream, &handler, &seen, &seen.stopped, &problem) < 0);
  CHECK (problem && *problem);
  CHECK (seen.length == 0);
  frames_free (&reader);
}

static void
test_refusals (void)
{
  check_refused (FRAME_PAYLOAD_MAX + 1, FRAME_REQUEST);
  check_refused (UINT32_MAX, FRAME_STDIN);
  check_refused (1, FRAME_STDIN_CLOSE);
  check_refused (0, 0);
  check_refused (1, FRAME_REPLY);
  check_refused (1, FRAME_EXIT);
  check_refused (1, 255);
}

/* The largest request is taken; memory grows with what has come, not with what was announced. */
static void
test_large_request (void)
{
  struct frame_reader reader = { 0 };
  struct seen seen = { 0 };
  const char *problem = NULL;
  char header[FRAME_HEADER_SIZE], *payload = calloc (1, FRAME_PAYLOAD_MAX);

  frames_put_header ((unsigned char *)header, FRAME_REQUEST, FRAME_PAYLOAD_MAX);
  CHECK (frames_feed (&reader, header, sizeof header, &handler, &seen, &seen.stopped, &problem) == 0);
  CHECK (frames_feed (&reader, payload, 1, &handler, &seen, &seen.stopped, &problem) == 0);
  CHECK (reader.request_capacity < 4096);
  CHECK (frames_feed (&reader, payload, FRAME_PAYLOAD_MAX - 1, &handler, &seen, &seen.stopped, &problem) == 0);
  CHECK_STRING (seen.text, "r()");
  CHECK (!reader.request);
  free (payload);
}

/* Random bytes, mutated headers: whatever comes, nothing but an answer or a refusal. */
static void
test_garbage (void)
{
  srandom (1);
  for (int round = 0; round < GARBAGE_ROUNDS; round++)
    {
      struct frame_reader reader = { 0 };
      struct seen seen = { 0 };
      const char *problem = NULL;
      char stream[256];
      size_t length = put_conversation (stream);
      int result = 0;

      for (int i = 0; i < 3; i++)
        stream[(size_t)random () % length] = (char)random ();
      for (size_t at = 0; at < length && result == 0;)
        {
          size_t piece = 1 + (size_t)random () % (length - at);

          result = frames_feed (&reader, stream + at, piece, &handler, &seen, &seen.stopped, &problem);
          at += piece;
        }
      if (result < 0 && !problem)
        CHECK (problem);
      frames_free (&reader);
    }
  CHECK (true);
}

int
main (void)
{
  test_pieces ();
  test_stop ();
  test_refusals ();
  test_large_request ();
  test_garbage ();
  return check_finish ("shim-frames");
}
