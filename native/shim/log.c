/* The container's log: output of both streams as records in files. */
#include "log.h"

#include <errno.h>
#include <string.h>

enum
{
  /* A full disk is seldom emptied within less, and one attempt costs nothing. */
  RETRY_MS = 250
};

static bool
write_records (struct log *log, const char *records, size_t size)
{
  size_t written = log_file_write (&log->file, records, size);

  if (written == size)
    return true;
  log->error_number = errno;
  log->blocked = true;
  buffer_append (&log->unwritten, records + written, size - written);
  loop_start_timer (log->loop, &log->retry, RETRY_MS);
  return false;
}

/* Room in the records' buffer; less when the file is nearly full, so that it ends within a record of its limit. */
static size_t
batch_size (const struct log *log)
{
  uint64_t room = log_file_room (&log->file);

  return room < SCRATCH_OUTPUT - LINES_RECORD_MAX ? (size_t)room + LINES_RECORD_MAX : SCRATCH_OUTPUT;
}

/* Writes the records of DATA and returns how much of it is left: an unfinished line, or more when the disk is full. */
static size_t
write_lines (struct log *log, const struct log_stream *stream, const char *data, size_t size)
{
  char *records = scratch_output (log->scratch);
  struct lines_prefix prefix;

  if (!records)
    return size;
  lines_make_prefix (&prefix, clock_now (), stream->name);
  for (;;)
    {
      size_t length = 0;
      size_t used = lines_format (&prefix, data, size, records, batch_size (log), &length);

      data += used;
      size -= used;
      log_forward_records (&log->forward, stream == &log->streams[1], records, length);
      if (length == 0 || !write_records (log, records, length))
        return size;
    }
}

static void
write_rest (struct log *log, struct log_stream *stream)
{
  size_t length = buffer_length (&stream->rest);

  if (length > 0)
    buffer_consume (&stream->rest, length - write_lines (log, stream, buffer_bytes (&stream->rest), length));
}

/* For when there is room again, or at once for write_kept. Nothing is dropped while there is room on the disk but the
 * rest of a line whose beginning was dropped. */
static void
keep (struct log *log, struct log_stream *stream, const char *data, size_t size)
{
  size_t waiting = buffer_length (&log->unwritten), room = SIZE_MAX;
  bool had_told_all = log->overflow.bytes == log->overflow.told_bytes;

  for (int i = 0; i < 2; i++)
    waiting += buffer_length (&log->streams[i].rest);
  if (log->blocked && log->file.options->drops)
    room = waiting < log->file.options->max_buffer_bytes ? log->file.options->max_buffer_bytes - waiting : 0;
  if (log_overflow_keep (&log->overflow, &stream->rest, &stream->is_cut, data, size, room) > 0 && had_told_all)
    log->overflowed (log->context);
}

/* Whether there was something to tell. */
static bool
tell_overflow (struct log *log)
{
  char text[128];
  size_t length = log_overflow_tell (&log->overflow, text, sizeof text);

  if (length > 0)
    write_lines (log, &log->streams[1], text, length);
  return length > 0;
}

/* After the word of a line whose rest was dropped, when that is over. */
static void
write_kept (struct log *log, struct log_stream *stream)
{
  if (!log->blocked && !stream->is_cut && tell_overflow (log))
    log->overflowed (log->context);
  if (!log->blocked)
    write_rest (log, stream);
}

void
log_append (struct log *log, int number, char *data, size_t size)
{
  struct log_stream *stream = &log->streams[number];
  size_t carried = buffer_length (&stream->rest);
  size_t left;

  if (log->file.fd < 0)
    return;
  if (log->blocked || stream->is_cut || carried > SCRATCH_HEADROOM)
    {
      keep (log, stream, data, size);
      write_kept (log, stream);
      return;
    }
  if (carried > 0)
    {
      data -= carried;
      size += carried;
      memcpy (data, buffer_bytes (&stream->rest), carried);
      buffer_consume (&stream->rest, carried);
    }
  left = write_lines (log, stream, data, size);
  buffer_append (&stream->rest, data + size - left, left);
}

void
log_end_stream (struct log *log, int number)
{
  struct buffer *rest = &log->streams[number].rest;
  size_t length = buffer_length (rest);

  if (length > 0 && buffer_bytes (rest)[length - 1] != '\n')
    buffer_append (rest, "\n", 1);
  log->streams[number].is_cut = false;
  write_kept (log, &log->streams[number]);
}

static void
tell_not_forwarded (struct log *log)
{
  char text[128];
  size_t length = log_forward_tell (&log->forward, text, sizeof text);

  if (length > 0)
    write_lines (log, &log->streams[1], text, length);
}

/* While the log is blocked it has to wait for that, too. */
static void
on_drained (void *context)
{
  struct log *log = context;

  if (!log->blocked)
    tell_not_forwarded (log);
}

static void
on_retry (void *context)
{
  struct log *log = context;
  size_t length = buffer_length (&log->unwritten);
  size_t written = log_file_write (&log->file, buffer_bytes (&log->unwritten), length);

  buffer_consume (&log->unwritten, written);
  if (written < length)
    {
      log->error_number = errno;
      loop_start_timer (log->loop, &log->retry, RETRY_MS);
      return;
    }
  log->blocked = false;
  for (int i = 0; i < 2 && !log->blocked; i++)
    write_rest (log, &log->streams[i]);
  if (!log->blocked)
    tell_overflow (log);
  if (!log->blocked)
    tell_not_forwarded (log);
  if (!log->blocked)
    log->unblocked (log->context);
}

bool
log_is_full (const struct log *log)
{
  return log->blocked && !log->file.options->drops;
}

bool
log_child_ended (struct log *log, pid_t pid, int status)
{
  return log_compress_child_ended (&log->file.compress, pid, status);
}

size_t
log_discard (struct log *log)
{
  size_t lost = buffer_length (&log->unwritten);

  loop_stop_timer (log->loop, &log->retry);
  buffer_free (&log->unwritten);
  log->blocked = false;
  for (int i = 0; i < 2; i++)
    {
      lost += buffer_length (&log->streams[i].rest);
      buffer_free (&log->streams[i].rest);
    }
  return lost;
}

int
log_open (struct log *log, struct loop *loop, struct scratch *scratch, const struct log_options *options,
          struct tss_error *error)
{
  *log = (struct log){
    .loop = loop,
    .scratch = scratch,
    .streams = { { .name = "stdout" }, { .name = "stderr" } },
    .retry = { .function = on_retry, .context = log },
  };
  log_forward_open (&log->forward, loop, options);
  log->forward.drained = on_drained;
  log->forward.context = log;
  return log_file_open (&log->file, options, error);
}

/* Into the file alone: the service is gone, and nobody would write later what the disk does not take now. */
static void
tell_last (struct log *log)
{
  char text[128];
  size_t length = log_forward_tell (&log->forward, text, sizeof text), size = 0;
  char *records = length > 0 ? scratch_output (log->scratch) : NULL;
  struct lines_prefix prefix;

  if (!records)
    return;
  lines_make_prefix (&prefix, clock_now (), log->streams[1].name);
  lines_format (&prefix, text, length, records, batch_size (log), &size);
  log_file_write (&log->file, records, size);
}

void
log_close (struct log *log)
{
  bool was_blocked = log->blocked;

  log_discard (log);
  log_forward_close (&log->forward);
  if (!was_blocked)
    tell_last (log);
  log_file_close (&log->file);
}
