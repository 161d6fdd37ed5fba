/* Bytes into log records: line ends, parts, prefixes, and running out of room. */
#include "../shim/lines.h"
#include "check.h"

#include <stdlib.h>

#define TIME "2026-11-21T04:00:00.000000042Z"

static struct lines_prefix
make_prefix (const char *stream)
{
  struct lines_prefix prefix;
  struct timespec when = { .tv_sec = 1795233600, .tv_nsec = 42 };

  lines_make_prefix (&prefix, when, stream);
  return prefix;
}

/* Formats all of TEXT with plenty of room; *LEFT is what was not used. */
static const char *
format (const char *text, size_t size, size_t *left)
{
  static char out[4 * LINES_RECORD_MAX];
  struct lines_prefix prefix = make_prefix ("stdout");
  size_t length = 0;

  *left = size - lines_format (&prefix, text, size, out, sizeof out - 1, &length);
  out[length] = '\0';
  return out;
}

static void
test_lines (void)
{
  size_t left;

  CHECK_STRING (format ("one\ntwo\n", 8, &left), TIME " stdout F one\n" TIME " stdout F two\n");
  CHECK (left == 0);
  CHECK_STRING (format ("\n", 1, &left), TIME " stdout F \n");
  CHECK_STRING (format ("one\ntw", 6, &left), TIME " stdout F one\n");
  CHECK (left == 2);
  CHECK_STRING (format ("", 0, &left), "");
}

static void
test_streams (void)
{
  struct lines_prefix prefix = make_prefix ("stderr");

  CHECK (memcmp (prefix.text, TIME " stderr F ", LINES_PREFIX_LENGTH) == 0);
}

/* The tag and the length of the text of the record at OUT; moves *OUT behind it. */
static size_t
read_record (const char **out, char tag)
{
  const char *end = strchr (*out, '\n');
  size_t length = (size_t)(end - *out) - LINES_PREFIX_LENGTH;

  CHECK ((*out)[LINES_PREFIX_LENGTH - 2] == tag);
  *out = end + 1;
  return length;
}

static void
test_long_lines (void)
{
  static char text[2 * LINES_PART_MAX + 8];
  const char *out;
  size_t left;

  memset (text, 'x', sizeof text);
  /* Whether a line of exactly the limit is a part can only be told by the next byte. */
  CHECK_STRING (format (text, LINES_PART_MAX, &left), "");
  CHECK (left == LINES_PART_MAX);

  text[LINES_PART_MAX] = '\n';
  out = format (text, LINES_PART_MAX + 1, &left);
  CHECK (read_record (&out, 'F') == LINES_PART_MAX && *out == '\0' && left == 0);

  text[LINES_PART_MAX] = 'x';
  text[2 * LINES_PART_MAX + 3] = '\n';
  out = format (text, 2 * LINES_PART_MAX + 4, &left);
  CHECK (read_record (&out, 'P') == LINES_PART_MAX);
  CHECK (read_record (&out, 'P') == LINES_PART_MAX);
  CHECK (read_record (&out, 'F') == 3);
  CHECK (*out == '\0' && left == 0);
}

static void
test_little_room (void)
{
  struct lines_prefix prefix = make_prefix ("stdout");
  char *out = malloc (LINES_RECORD_MAX);
  size_t length = 0;

  /* Room for any record is wanted before each one. */
  CHECK (lines_format (&prefix, "one\ntwo\n", 8, out, LINES_RECORD_MAX, &length) == 4);
  CHECK (length == LINES_PREFIX_LENGTH + 4);
  CHECK (lines_format (&prefix, "two\n", 4, out, LINES_RECORD_MAX, &length) == 0);
  free (out);
}

/* Whatever the pieces in which a text arrives, the records say the same. */
static void
test_any_pieces (void)
{
  char text[600], out[100000], carried[600];
  struct lines_prefix prefix = make_prefix ("stdout");

  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = i * 2654435761U % 7 == 0 ? '\n' : 'a';
  text[sizeof text - 1] = '\n';
  for (size_t piece = 1; piece < 50; piece++)
    {
      size_t length = 0, carry = 0, lines = 0, expected = 0;

      for (size_t at = 0; at < sizeof text; at += piece)
        {
          size_t size = sizeof text - at < piece ? sizeof text - at : piece;

          memcpy (carried + carry, text + at, size);
          size_t used = lines_format (&prefix, carried, carry + size, out, sizeof out, &length);
          carry = carry + size - used;
          memmove (carried, carried + used, carry);
        }
      for (size_t i = 0; i < length; i++)
        lines += out[i] == '\n';
      for (size_t i = 0; i < sizeof text; i++)
        expected += text[i] == '\n';
      CHECK (lines == expected && carry == 0);
      CHECK (length == sizeof text + expected * LINES_PREFIX_LENGTH);
    }
}

int
main (void)
{
  test_lines ();
  test_streams ();
  test_long_lines ();
  test_little_room ();
  test_any_pieces ();
  return check_finish ("shim-lines");
}
