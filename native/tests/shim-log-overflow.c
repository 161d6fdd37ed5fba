/* What a log that drops keeps and counts while its disk is full. */
#include "../common/cleanup.h"
#include "../shim/log.h"
#include "check.h"

#include <stdlib.h>

static int overflow_calls;

static void
on_overflow (void *context)
{
  (void)context;
  overflow_calls++;
}

/* Gives the pieces of TEXT with ROOM for all of it together. */
static uint64_t
keep_pieces (const char *text, size_t piece, size_t room, struct buffer *rest, struct log_overflow *overflow)
{
  bool is_cut = false;
  uint64_t dropped = 0;

  for (size_t at = 0, size = strlen (text); at < size; at += piece)
    {
      size_t length = size - at < piece ? size - at : piece;
      size_t used = buffer_length (rest);

      dropped += log_overflow_keep (overflow, rest, &is_cut, text + at, length, used < room ? room - used : 0);
    }
  buffer_append (rest, "", 1);
  return dropped;
}

static void
test_kept (const char *text, size_t piece, size_t room, const char *expected, uint64_t lines)
{
  struct buffer rest = { 0 };
  struct log_overflow overflow = { 0 };
  uint64_t bytes = keep_pieces (text, piece, room, &rest, &overflow);

  CHECK_STRING (buffer_bytes (&rest), expected);
  CHECK (overflow.lines == lines);
  CHECK (overflow.bytes == bytes);
  buffer_free (&rest);
}

/* Whatever the pieces: only whole lines go, but for the one that was being kept, and each is kept or counted. */
static void
test_random_pieces (void)
{
  char text[4096];
  size_t size = 0;
  int lines = 0;

  while (size < sizeof text - 64)
    size += (size_t)snprintf (text + size, sizeof text - size, "%0*d\n", 1 + (int)(random () % 40), lines++);
  for (size_t piece = 1; piece < 200; piece += 7)
    {
      struct buffer rest = { 0 };
      struct log_overflow overflow = { 0 };
      uint64_t kept = 0;

      keep_pieces (text, piece, 1000, &rest, &overflow);
      for (const char *at = buffer_bytes (&rest); (at = strchr (at, '\n')); at++)
        kept++;
      /* The one that was cut is both. */
      CHECK (kept + overflow.lines == (uint64_t)lines || kept + overflow.lines == (uint64_t)lines + 1);
      CHECK (buffer_length (&rest) <= 1002);
      CHECK (strncmp (buffer_bytes (&rest), text, 900) == 0);
      buffer_free (&rest);
    }
}

static void
test_telling (void)
{
  struct log_overflow overflow = { .lines = 3, .bytes = 40 };
  char text[128];
  size_t length = log_overflow_tell (&overflow, text, sizeof text);

  CHECK_STRING (text, "[tsstack: 3 lines (40 bytes) were dropped here, because the disk was full]\n");
  CHECK (length == strlen (text));
  CHECK (log_overflow_tell (&overflow, text, sizeof text) == 0);
}

/* With a disk that is full from the first byte on. */
static void
test_log (bool drops)
{
  struct loop loop;
  struct scratch scratch;
  struct log log;
  struct tss_error error;
  struct log_options options = { .path = "/dev/full", .max_files = 1, .drops = drops, .max_buffer_bytes = 100 * 1024 };

  CHECK (loop_open (&loop, &error) == 0);
  scratch_init (&scratch, &loop);
  CHECK (log_open (&log, &loop, &scratch, &options, &error) == 0);
  log.overflowed = on_overflow;
  overflow_calls = 0;
  for (int i = 0; i < 2000; i++)
    {
      char *data = scratch_input (&scratch);

      memset (data, 'x', 1000);
      data[999] = '\n';
      log_append (&log, i & 1, data, 1000);
    }
  CHECK (log.blocked);
  CHECK (log_is_full (&log) == !drops);
  CHECK (overflow_calls == (drops ? 1 : 0));
  CHECK ((log.overflow.lines > 1890 && log.overflow.lines < 1910) == drops);
  CHECK ((log_discard (&log) <= 100 * 1024 + 100) == drops);
  log_close (&log);
  loop_close (&loop);
}

int
main (void)
{
  test_kept ("one\ntwo\n", 8, 100, "one\ntwo\n", 0);
  test_kept ("one\ntwo\nthree\n", 14, 9, "one\ntwo\n", 1);
  test_kept ("one\ntwo\nthree\n", 4, 9, "one\ntwo\n", 1);
  test_kept ("one\ntwo\nthree\nfour\n", 6, 6, "one\ntw\n", 3);
  test_kept ("one\ntwo\n", 8, 0, "", 2);
  test_random_pieces ();
  test_telling ();
  test_log (true);
  test_log (false);
  return check_finish ("shim-log-overflow");
}
