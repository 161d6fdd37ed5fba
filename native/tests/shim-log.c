/* The log of tsstack-shim: records, rotation, and a full disk. Mounts a small tmpfs in a mount namespace of its own. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../shim/log.h"
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char directory[] = "/tmp/tsstack-shim-log-XXXXXX";
static char path[64];

struct fixture
{
  struct loop loop;
  struct scratch scratch;
  struct log_options options;
  struct log log;
};

static void
on_unblocked (void *context)
{
  loop_stop (context);
}

static void
set_up (struct fixture *fixture, uint64_t max_bytes, uint64_t max_files)
{
  struct tss_error error;

  fixture->options = (struct log_options){ .path = path, .max_bytes = max_bytes, .max_files = max_files };
  CHECK (loop_open (&fixture->loop, &error) == 0);
  scratch_init (&fixture->scratch, &fixture->loop);
  CHECK (log_open (&fixture->log, &fixture->loop, &fixture->scratch, &fixture->options, &error) == 0);
  fixture->log.unblocked = on_unblocked;
  fixture->log.context = &fixture->loop;
}

static char *
file_path (int number, char text[80])
{
  if (number == 0)
    snprintf (text, 80, "%s", path);
  else
    snprintf (text, 80, "%s.%d", path, number);
  return text;
}

static void
tear_down (struct fixture *fixture)
{
  char text[80];

  log_close (&fixture->log);
  close (fixture->loop.epoll_fd);
  for (int i = 0; i < 10; i++)
    unlink (file_path (i, text));
}

static void
write_piece (struct fixture *fixture, int stream, const char *data, size_t size)
{
  char *scratch = scratch_input (&fixture->scratch);

  memcpy (scratch, data, size);
  log_append (&fixture->log, stream, scratch, size);
}

static void
write_text (struct fixture *fixture, int stream, const char *text)
{
  write_piece (fixture, stream, text, strlen (text));
}

static char *
read_log (int number)
{
  char text[80];

  return tss_read_file_at (AT_FDCWD, file_path (number, text), NULL);
}

/* Appends the texts of a file's records of STREAM, parts joined, to OUT; returns how many records were malformed. */
static int
join_records (const char *log, const char *stream, FILE *out)
{
  int malformed = 0;

  while (log && *log)
    {
      const char *end = strchr (log, '\n');

      if (!end || end - log < LINES_PREFIX_LENGTH || log[10] != 'T' || log[CLOCK_TEXT_LENGTH - 1] != 'Z')
        return malformed + 1;
      if (strncmp (log + CLOCK_TEXT_LENGTH + 1, stream, 6) == 0)
        {
          fwrite (log + LINES_PREFIX_LENGTH, 1, (size_t)(end - log) - LINES_PREFIX_LENGTH, out);
          malformed += end - log - LINES_PREFIX_LENGTH > LINES_PART_MAX;
          if (log[LINES_PREFIX_LENGTH - 2] == 'F')
            fputc ('\n', out);
          else
            malformed += log[LINES_PREFIX_LENGTH - 2] != 'P';
        }
      log = end + 1;
    }
  return malformed;
}

static void
check_joined (int files, const char *stream, const char *expected)
{
  tss_autofree char *joined = NULL;
  size_t size;
  FILE *out = open_memstream (&joined, &size);
  int malformed = 0;

  for (int i = files - 1; i >= 0; i--)
    {
      tss_autofree char *log = read_log (i);

      malformed += join_records (log, stream, out);
    }
  fclose (out);
  CHECK (malformed == 0);
  CHECK (strcmp (joined, expected) == 0);
}

static void
test_streams (void)
{
  struct fixture fixture;

  set_up (&fixture, 0, 1);
  write_text (&fixture, 0, "one\ntw");
  write_text (&fixture, 1, "three\nfo");
  write_text (&fixture, 0, "o\n\nend");
  write_text (&fixture, 1, "ur\n");
  check_joined (1, "stdout", "one\ntwo\n\n");
  log_end_stream (&fixture.log, 0);
  log_end_stream (&fixture.log, 1);
  check_joined (1, "stdout", "one\ntwo\n\nend\n");
  check_joined (1, "stderr", "three\nfour\n");
  tear_down (&fixture);
}

/* Lines around the length of a part, in random pieces, come out as they went in. */
static void
test_parts (void)
{
  static const size_t lengths[] = { 0,     1,     LINES_PART_MAX - 1,     LINES_PART_MAX,         LINES_PART_MAX + 1,
                                    40000, 70000, 2 * LINES_PART_MAX - 1, 2 * LINES_PART_MAX + 1, 300000 };
  tss_autofree char *text = NULL;
  size_t size;
  FILE *out = open_memstream (&text, &size);

  srandom (2);
  for (size_t i = 0; i < TSS_LENGTH (lengths); i++)
    {
      for (size_t j = 0; j < lengths[i]; j++)
        fputc ('a' + (int)(random () % 26), out);
      fputc ('\n', out);
    }
  fclose (out);
  for (int round = 0; round < 20; round++)
    {
      struct fixture fixture;

      set_up (&fixture, 0, 1);
      for (size_t at = 0; at < size;)
        {
          size_t piece = 1 + (size_t)random () % (round < 10 ? 2000 : SCRATCH_INPUT);

          piece = size - at < piece ? size - at : piece;
          write_piece (&fixture, 0, text + at, piece);
          at += piece;
        }
      check_joined (1, "stdout", text);
      CHECK (buffer_length (&fixture.log.streams[0].rest) == 0);
      tear_down (&fixture);
    }
}

static void
test_binary (void)
{
  static const char bytes[] = "a\0b\r\xff\n";
  struct fixture fixture;
  tss_autofree char *log = NULL;
  size_t size;

  set_up (&fixture, 0, 1);
  write_piece (&fixture, 0, bytes, sizeof bytes - 1);
  log = tss_read_file_at (AT_FDCWD, path, &size);
  CHECK (size == LINES_PREFIX_LENGTH + sizeof bytes - 1);
  CHECK (memcmp (log + LINES_PREFIX_LENGTH, bytes, sizeof bytes - 1) == 0);
  tear_down (&fixture);
}

static void
test_rotation (uint64_t max_files)
{
  struct fixture fixture;
  char line[101], text[80];
  struct stat status;
  int files = max_files > 0 ? (int)max_files : 1;

  memset (line, 'x', 99);
  memcpy (line + 99, "\n", 2);
  set_up (&fixture, 10000, max_files);
  for (int i = 0; i < 1000; i++)
    write_text (&fixture, 0, line);
  for (int i = 0; i < files; i++)
    {
      tss_autofree char *log = read_log (i);
      FILE *nowhere = fopen ("/dev/null", "w");

      CHECK (log && join_records (log, "stdout", nowhere) == 0);
      CHECK (stat (file_path (i, text), &status) == 0 && status.st_size < 10000 + 200);
      if (i > 0)
        CHECK (status.st_size >= 10000);
      fclose (nowhere);
    }
  CHECK (stat (file_path (files, text), &status) < 0);
  tear_down (&fixture);
}

/* What cannot be moved takes the place of nothing, and the log goes on. */
static void
test_rotation_in_the_way (void)
{
  struct fixture fixture;
  char obstacle[80], older[80], line[101];
  tss_autofree char *kept = NULL, *log = NULL;
  struct stat status;

  memset (line, 'x', 99);
  memcpy (line + 99, "\n", 2);
  set_up (&fixture, 1000, 3);
  CHECK (mkdir (file_path (1, obstacle), 0700) == 0);
  CHECK (tss_replace_file_at (AT_FDCWD, file_path (2, older), "older\n", 6, 0600) == 0);
  for (int i = 0; i < 30; i++)
    write_text (&fixture, 0, line);
  kept = tss_read_file_at (AT_FDCWD, older, NULL);
  CHECK_STRING (kept ? kept : "", "older\n");
  CHECK (stat (path, &status) == 0 && status.st_size == 30 * (LINES_PREFIX_LENGTH + 100));
  CHECK (rmdir (obstacle) == 0);
  write_text (&fixture, 0, line);
  log = read_log (0);
  CHECK (log && strlen (log) == LINES_PREFIX_LENGTH + 100);
  CHECK (stat (obstacle, &status) == 0 && status.st_size == 30 * (LINES_PREFIX_LENGTH + 100));
  tear_down (&fixture);
}

/* What is being compressed when only some files could be moved is known by the number that it has then. */
static void
test_compression_while_something_is_in_the_way (void)
{
  struct fixture fixture;
  char name[80], other[80], in_the_way[80], result[80];
  tss_autofree char *newer = NULL;
  int status;
  pid_t pid;

  snprintf (in_the_way, sizeof in_the_way, "%s.1.gz", path);
  snprintf (result, sizeof result, "%s.3.gz", path);
  CHECK (tss_replace_file_at (AT_FDCWD, file_path (2, name), "older\n", 6, 0600) == 0);
  set_up (&fixture, 40, 4);
  fixture.options.compress = true;
  log_compress_begin (&fixture.log.file.compress);
  pid = fixture.log.file.compress.pid;
  CHECK (pid > 0);
  CHECK (tss_replace_file_at (AT_FDCWD, file_path (1, other), "newer\n", 6, 0600) == 0);
  CHECK (tss_replace_file_at (AT_FDCWD, in_the_way, "", 0, 0600) == 0);
  /* No mount point can be moved. */
  CHECK (mount (in_the_way, in_the_way, "", MS_BIND, NULL) == 0);
  write_text (&fixture, 0, "first\n");
  write_text (&fixture, 0, "second\n");
  CHECK (access (other, F_OK) < 0);
  CHECK (waitpid (pid, &status, 0) == pid && log_child_ended (&fixture.log, pid, status));
  newer = tss_read_file_at (AT_FDCWD, name, NULL);
  CHECK_STRING (newer ? newer : "", "newer\n");
  CHECK (access (result, F_OK) == 0);
  CHECK (umount2 (in_the_way, 0) == 0 && unlink (in_the_way) == 0);
  tear_down (&fixture);
  unlink (result);
}

/* One large piece is spread over as many files as it needs. */
static void
test_rotation_within_piece (void)
{
  struct fixture fixture;
  tss_autofree char *text = malloc (60001);

  for (int i = 0; i < 60000; i++)
    text[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
  text[60000] = 0;
  set_up (&fixture, 30000, 9);
  write_text (&fixture, 0, text);
  check_joined (9, "stdout", text);
  CHECK (fixture.log.file.size < 30000 + 200);
  tear_down (&fixture);
}

static void
fill_disk (const char *filler)
{
  int fd = open (filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  char block[4096] = { 0 };

  while (write (fd, block, sizeof block) > 0)
    ;
  close (fd);
}

/* Nothing is lost while the disk is full, whatever the moment, and no record is torn over two files. */
static void
test_full_disk (uint64_t max_bytes, int lines)
{
  struct fixture fixture;
  struct tss_error error;
  tss_autofree char *text = NULL;
  char filler[64];
  size_t size;
  FILE *out = open_memstream (&text, &size);

  snprintf (filler, sizeof filler, "%s/filler", directory);
  for (int i = 0; i < lines; i++)
    fprintf (out, "line %d\n", i);
  fclose (out);
  set_up (&fixture, max_bytes, 9);
  write_text (&fixture, 0, "first\n");
  fill_disk (filler);
  for (size_t at = 0; at < size; at += 1000)
    write_piece (&fixture, 0, text + at, size - at < 1000 ? size - at : 1000);
  log_end_stream (&fixture.log, 0);
  CHECK (fixture.log.blocked && fixture.log.error_number == ENOSPC);
  unlink (filler);
  CHECK (loop_run (&fixture.loop, &error) == 0);
  CHECK (!fixture.log.blocked);
  write_text (&fixture, 0, "last\n");
  text = realloc (text, size + 20);
  memmove (text + 6, text, size);
  memcpy (text, "first\n", 6);
  memcpy (text + 6 + size, "last\n", 6);
  check_joined (9, "stdout", text);
  tear_down (&fixture);
}

static void
test_discard (void)
{
  struct fixture fixture;
  char filler[64], line[8192];

  snprintf (filler, sizeof filler, "%s/filler", directory);
  memset (line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  set_up (&fixture, 0, 1);
  fill_disk (filler);
  write_piece (&fixture, 0, line, sizeof line);
  write_piece (&fixture, 1, line, sizeof line);
  CHECK (fixture.log.blocked);
  CHECK (log_discard (&fixture.log) > sizeof line);
  CHECK (!fixture.log.blocked && log_discard (&fixture.log) == 0);
  unlink (filler);
  tear_down (&fixture);
}

static void
on_overflow (void *context)
{
  (void)context;
}

/* A log that drops does so while its disk is full. Of what comes when there is room again only the rest of the line is
 * lost whose beginning is, and the log tells of that, too, also when the stream ends in it. */
static void
test_room_again (bool ends_cut)
{
  struct fixture fixture;
  tss_autofree char *expected = NULL;
  char filler[64], line[8193], told[256];
  size_t size;
  FILE *out = open_memstream (&expected, &size);

  snprintf (filler, sizeof filler, "%s/filler", directory);
  memset (line, 'x', sizeof line);
  line[sizeof line - 2] = '\n';
  line[sizeof line - 1] = 0;
  fprintf (out, "%skept\n", line);
  set_up (&fixture, 0, 1);
  fixture.options.drops = true;
  fixture.options.max_buffer_bytes = 10000;
  fixture.log.overflowed = on_overflow;
  fill_disk (filler);
  write_text (&fixture, 0, line);
  write_text (&fixture, 0, "kept\n");
  write_piece (&fixture, 0, line, 2000); /* more than is kept, and a line that goes on */
  CHECK (fixture.log.blocked && fixture.log.overflow.bytes == 2000);
  unlink (filler);
  CHECK (loop_run (&fixture.loop, NULL) == 0 && !fixture.log.blocked);
  write_text (&fixture, 0, "its end");
  if (!ends_cut)
    {
      tss_autofree char *news = NULL;

      /* In one piece, of which the buffer for bad times could hold a small part. */
      CHECK (asprintf (&news, "\n%s%s", line, line) > 0);
      write_text (&fixture, 0, news);
      fprintf (out, "%s%s", line, line);
    }
  log_end_stream (&fixture.log, 0);
  fclose (out);
  check_joined (1, "stdout", expected);
  snprintf (told, sizeof told,
            "[tsstack: 0 lines (2000 bytes) were dropped here, because the disk was full]\n"
            "[tsstack: %d lines (%d bytes) were dropped here, because the disk was full]\n",
            ends_cut ? 0 : 1, ends_cut ? 7 : 8);
  check_joined (1, "stderr", told);
  tear_down (&fixture);
}

/* What no logging service has got in the end stands in the log, and is not tried again. */
static void
test_not_forwarded (void)
{
  struct fixture fixture;
  tss_autofree char *log = NULL;

  set_up (&fixture, 0, 1);
  fixture.options.max_buffer_bytes = 1024;
  fixture.options.forward
      = (struct forward_options){ .socket = "/nonexistent/log", .heads = { "<30>", "<27>" }, .infix = " web[1]: " };
  write_text (&fixture, 0, "one\ntwo\n");
  log_close (&fixture.log);
  CHECK ((log = read_log (0)) != NULL);
  CHECK (
      strstr (log, " stderr F [tsstack: 2 lines were not passed on, because the logging service did not take them]\n"));
  CHECK (!fixture.log.retry.active && !fixture.log.forward.retry.active);
  tear_down (&fixture);
}

/* The same, while there is no room for saying so; then it is said. */
static void
test_not_forwarded_and_full (void)
{
  struct fixture fixture;
  char filler[64], line[8192];
  tss_autofree char *log = NULL;

  snprintf (filler, sizeof filler, "%s/filler", directory);
  memset (line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  set_up (&fixture, 0, 1);
  fixture.options.forward
      = (struct forward_options){ .socket = "/nonexistent/log", .heads = { "<30>", "<27>" }, .infix = " web[1]: " };
  fill_disk (filler);
  write_piece (&fixture, 0, line, sizeof line);
  CHECK (fixture.log.blocked && fixture.log.forward.dropped == 1);
  fixture.log.forward.retry.function (&fixture.log.forward);
  CHECK (fixture.log.forward.told == 0);
  unlink (filler);
  fixture.loop.stopping = false;
  CHECK (loop_run (&fixture.loop, NULL) == 0 && !fixture.log.blocked);
  CHECK ((log = read_log (0)) != NULL);
  CHECK (strstr (log, "[tsstack: 1 lines were not passed on"));
  tear_down (&fixture);
}

static void
test_no_log (void)
{
  struct fixture fixture;
  struct tss_error error = { 0 };
  struct log_options elsewhere = { .path = "/nonexistent/log", .max_files = 1 };

  set_up (&fixture, 0, 1);
  log_close (&fixture.log);
  fixture.options.path = NULL;
  CHECK (log_open (&fixture.log, &fixture.loop, &fixture.scratch, &fixture.options, &error) == 0);
  write_text (&fixture, 0, "nowhere\n");
  CHECK (buffer_length (&fixture.log.streams[0].rest) == 0);
  log_close (&fixture.log);
  CHECK (log_open (&fixture.log, &fixture.loop, &fixture.scratch, &elsewhere, &error) < 0);
  CHECK (error.code == TSS_ERROR_IO);
  CHECK_STRING (error.path, "/nonexistent/log");
  tear_down (&fixture);
}

int
main (void)
{
  CHECK (mkdtemp (directory) != NULL);
  CHECK (unshare (CLONE_NEWNS) == 0 && mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK (mount ("tmpfs", directory, "tmpfs", 0, "size=2m") == 0);
  snprintf (path, sizeof path, "%s/current.log", directory);
  test_streams ();
  test_parts ();
  test_binary ();
  test_rotation (1);
  test_rotation (3);
  test_rotation (0);
  test_rotation_in_the_way ();
  test_compression_while_something_is_in_the_way ();
  test_rotation_within_piece ();
  test_full_disk (0, 3000);
  test_full_disk (20000, 3000);
  /* Of the last record before the limit only a part fits into the last page. */
  for (uint64_t max_bytes = 4060; max_bytes < 4096; max_bytes += 9)
    test_full_disk (max_bytes, 500);
  test_discard ();
  test_room_again (false);
  test_room_again (true);
  test_not_forwarded ();
  test_not_forwarded_and_full ();
  test_no_log ();
  umount2 (directory, MNT_DETACH);
  rmdir (directory);
  return check_finish ("shim-log");
}
