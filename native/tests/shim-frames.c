/* The framing of the shim's socket: any cut of the stream gives the same frames, and what is no frame is refused. */
#include "../shim/frames.h"
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

enum
{
  GARBAGE_ROUNDS = 20000
};

/* What the handlers have been told, as text: R(…) requests, i… input, C input-close. */
struct record
{
  char text[4096];
  size_t length;
  bool stopped, stops_at_request;
};

static void
put (struct record *record, const char *data, size_t size)
{
  if (size == 0 || record->length + size >= sizeof record->text)
    return;
  memcpy (record->text + record->length, data, size);
  record->length += size;
  record->text[record->length] = '\0';
}

static void
on_request (void *context, const char *payload, size_t length)
{
  struct record *record = context;

  put (record, "R(", 2);
  put (record, payload, length);
  put (record, ")", 1);
  record->stopped = record->stops_at_request;
}

static void
on_input (void *context, const char *data, size_t size)
{
  put (context, data, size);
}

static void
on_input_close (void *context)
{
  put (context, "C", 1);
}

static const struct frame_handler handler = { .request = on_request, .input = on_input, .input_close = on_input_close };

static size_t
put_frame (char *out, enum frame_type type, const char *payload)
{
  size_t length = strlen (payload);

  frames_put_header ((unsigned char *)out, type, length);
  memcpy (out + FRAME_HEADER_SIZE, payload, length);
  return FRAME_HEADER_SIZE + length;
}

static size_t
make_conversation (char *out)
{
  size_t length = put_frame (out, FRAME_REQUEST, "{\"op\":\"state\"}");

  length += put_frame (out + length, FRAME_STDIN, "hello");
  length += put_frame (out + length, FRAME_REQUEST, "");
  length += put_frame (out + length, FRAME_STDIN, "");
  length += put_frame (out + length, FRAME_STDIN_CLOSE, "");
  return length;
}

static void
test_any_cut (void)
{
  char stream[256];
  size_t length = make_conversation (stream);

  for (size_t piece = 1; piece <= length; piece++)
    {
      struct frame_reader reader = { 0 };
      struct record record = { 0 };
      const char *problem = NULL;
      int result = 0;

      for (size_t at = 0; at < length && result == 0; at += piece)
        result = frames_feed (&reader, stream + at, length - at < piece ? length - at : piece, &handler, &record,
                              &record.stopped, &problem);
      CHECK (result == 0);
      CHECK_STRING (record.text, "R({\"op\":\"state\"})helloR()C");
      frames_free (&reader);
    }
}

static void
test_stop (void)
{
  char stream[256];
  size_t length = make_conversation (stream);
  struct frame_reader reader = { 0 };
  struct record record = { .stops_at_request = true };
  const char *problem = NULL;

  CHECK (frames_feed (&reader, stream, length, &handler, &record, &record.stopped, &problem) == 0);
  CHECK_STRING (record.text, "R({\"op\":\"state\"})");
  frames_free (&reader);
}

static const char *
refusal (unsigned char type, size_t length)
{
  unsigned char header[FRAME_HEADER_SIZE];
  struct frame_reader reader = { 0 };
  struct record record = { 0 };
  const char *problem = NULL;
  int result;

  frames_put_header (header, (enum frame_type)type, length);
  result = frames_feed (&reader, (char *)header, sizeof header, &handler, &record, &record.stopped, &problem);
  frames_free (&reader);
  return result == 0 ? "" : problem;
}

static void
test_refusals (void)
{
  CHECK_STRING (refusal (FRAME_REQUEST, FRAME_PAYLOAD_MAX), "");
  CHECK_STRING (refusal (FRAME_REQUEST, FRAME_PAYLOAD_MAX + 1), "the frame is longer than 1 MiB");
  CHECK_STRING (refusal (FRAME_STDIN, 0xffffffff), "the frame is longer than 1 MiB");
  CHECK_STRING (refusal (FRAME_STDIN_CLOSE, 1), "a stdin-close frame has no payload");
  for (unsigned type = 0; type < 256; type++)
    if (type != FRAME_REQUEST && type != FRAME_STDIN && type != FRAME_STDIN_CLOSE)
      CHECK_STRING (refusal ((unsigned char)type, 0), "unknown frame type");
}

static void
test_largest_request (void)
{
  char *stream = calloc (1, FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX);
  struct frame_reader reader = { 0 };
  struct record record = { 0 };
  const char *problem = NULL;

  frames_put_header ((unsigned char *)stream, FRAME_REQUEST, FRAME_PAYLOAD_MAX);
  /* Half of it takes memory for half of it. */
  CHECK (frames_feed (&reader, stream, FRAME_PAYLOAD_MAX / 2, &handler, &record, &record.stopped, &problem) == 0);
  CHECK (record.length == 0 && reader.request_capacity <= FRAME_PAYLOAD_MAX / 2);
  CHECK (frames_feed (&reader, stream, FRAME_PAYLOAD_MAX / 2 + FRAME_HEADER_SIZE, &handler, &record, &record.stopped,
                      &problem)
         == 0);
  CHECK_STRING (record.text, "R()"); /* the record has no room for the megabyte between */
  free (stream);
}

/* Whatever a hostile client sends, in whatever pieces, gives frames or a refusal that says why. */
static void
test_garbage (void)
{
  int unexplained = 0;

  srandom (1);
  for (int round = 0; round < GARBAGE_ROUNDS; round++)
    {
      struct frame_reader reader = { 0 };
      struct record record = { 0 };
      const char *problem = NULL;
      char stream[256];
      size_t length = make_conversation (stream);
      int result = 0;

      for (int i = 0; i < 3; i++)
        stream[(size_t)random () % length] = (char)random ();
      for (size_t at = 0, piece; at < length && result == 0; at += piece)
        {
          piece = 1 + (size_t)random () % (length - at);
          result = frames_feed (&reader, stream + at, piece, &handler, &record, &record.stopped, &problem);
        }
      unexplained += result < 0 && !problem;
      frames_free (&reader);
    }
  CHECK (unexplained == 0);
}

int
main (void)
{
  test_any_cut ();
  test_stop ();
  test_refusals ();
  test_largest_request ();
  test_garbage ();
  return check_finish ("shim-frames");
}
