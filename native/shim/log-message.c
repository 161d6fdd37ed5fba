/* A record as the logging service gets it. */
#include "log-message.h"
#include "lines.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void
add_piece (struct log_message *message, const void *data, size_t size)
{
  message->pieces[message->count++] = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = size };
}

static void
add_text (struct log_message *message, const char *text)
{
  add_piece (message, text, strlen (text));
}

/* RECORD begins with its time in UTC; the old form of syslog has the local one. */
static void
add_time (struct log_message *message, enum forward_time form, const char *record)
{
  int length = form == FORWARD_TIME_MICROSECONDS ? 26 : 19;
  time_t now = clock_now ().tv_sec;
  struct tm local;

  if (form == FORWARD_TIME_NONE)
    return;
  if (form == FORWARD_TIME_STAMP && localtime_r (&now, &local))
    strftime (message->time, sizeof message->time, "%b %e %H:%M:%S", &local);
  else
    snprintf (message->time, sizeof message->time, "%.*sZ", length, record);
  add_text (message, message->time);
}

/* The journal takes texts of any bytes after their length, 64 bits with the lowest first. */
static void
add_journal_text (struct log_message *message, const char *text, size_t size)
{
  for (int i = 0; i < 8; i++)
    message->length[i] = (unsigned char)(size >> (8 * i));
  add_piece (message, message->length, sizeof message->length);
  add_piece (message, text, size);
  add_piece (message, "\n", 1);
}

void
log_message_compose (const struct forward_options *options, int stream, const char *record, size_t length,
                     struct log_message *message)
{
  const char *text = record + LINES_PREFIX_LENGTH;
  size_t size = length - LINES_PREFIX_LENGTH;

  message->count = 0;
  if (options->is_journal)
    {
      if (record[LINES_PREFIX_LENGTH - 2] == 'P')
        add_text (message, "CONTAINER_PARTIAL_MESSAGE=true\n");
      add_text (message, options->heads[stream]);
      add_journal_text (message, text, size);
      return;
    }
  add_text (message, options->heads[stream]);
  add_time (message, options->time, record);
  add_text (message, options->infix);
  add_piece (message, text, size);
  if (options->is_stream)
    add_piece (message, "\n", 1);
}

size_t
log_message_size (const struct iovec *pieces, int count)
{
  size_t size = 0;

  for (int i = 0; i < count; i++)
    size += pieces[i].iov_len;
  return size;
}
