#include "log.h"
#include "../common/cleanup.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "2026-11-21T04:00:00.123456789Z stdout F " */
#define PREFIX_SIZE 48
/* A read of nothing but line ends, after a carried line. */
#define BUFFER_SIZE ((size_t)LOG_READ_SIZE * (PREFIX_SIZE + 1) + LOG_PART_SIZE + PREFIX_SIZE + 64)
#define KEEP_SIZE 65536

static int
open_current (struct log *log)
{
  struct stat status;
  log->fd = open (log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log->fd < 0)
    return -1;
  log->size = fstat (log->fd, &status) == 0 ? status.st_size : 0;
  return 0;
}

int
log_open (struct log *log, const char *path, off_t max_bytes, unsigned max_files)
{
  *log = (struct log){ .path = path, .fd = -1, .max_bytes = max_bytes, .max_files = max_files };
  if (path == NULL)
    return 0;
  log->buffer = mmap (NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (log->buffer == MAP_FAILED)
    return -1;
  return open_current (log);
}

static void
rotate (struct log *log)
{
  char from[PATH_MAX], to[PATH_MAX];
  if (log->max_files < 2)
    {
      if (ftruncate (log->fd, 0) == 0)
        log->size = 0;
      return;
    }
  for (unsigned number = log->max_files - 1; number > 0; number--)
    {
      snprintf (to, sizeof to, "%s.%u", log->path, number);
      if (number == 1)
        snprintf (from, sizeof from, "%s", log->path);
      else
        snprintf (from, sizeof from, "%s.%u", log->path, number - 1);
      (void)rename (from, to);
    }
  close (log->fd);
  if (open_current (log) != 0)
    log->blocked = true;
}

bool
log_flush (struct log *log)
{
  size_t written = 0;
  if (log->path == NULL)
    {
      log->used = 0;
      return true;
    }
  if (log->fd < 0 && open_current (log) != 0)
    {
      log->blocked = true;
      return false;
    }
  while (written < log->used)
    {
      ssize_t count = TSS_RETRY (write (log->fd, log->buffer + written, log->used - written));
      if (count <= 0)
        break;
      written += (size_t)count;
    }
  log->size += (off_t)written;
  log->peak = log->used > log->peak ? log->used : log->peak;
  log->used -= written;
  if (log->used > 0)
    memmove (log->buffer, log->buffer + written, log->used);
  log->blocked = log->used > 0;
  return !log->blocked;
}

static size_t
format_prefix (char *buffer, const char *stream)
{
  static time_t cached_second;
  static char cached_text[32];
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  if (now.tv_sec != cached_second || cached_text[0] == '\0')
    {
      struct tm parts;
      cached_second = now.tv_sec;
      gmtime_r (&now.tv_sec, &parts);
      strftime (cached_text, sizeof cached_text, "%Y-%m-%dT%H:%M:%S", &parts);
    }
  return (size_t)snprintf (buffer, PREFIX_SIZE, "%s.%09ldZ %s F ", cached_text, now.tv_nsec, stream);
}

static void
put_record (struct log *log, const char *prefix, size_t prefix_size, bool whole, const char *head, size_t head_size,
            const char *data, size_t size)
{
  size_t total = prefix_size + head_size + size + 1;
  if (!log->blocked && log->size + (off_t)(log->used + total) > log->max_bytes && log->size + (off_t)log->used > 0)
    if (log_flush (log))
      rotate (log);
  char *end = log->buffer + log->used;
  memcpy (end, prefix, prefix_size);
  if (!whole)
    end[prefix_size - 2] = 'P';
  end += prefix_size;
  if (head_size > 0)
    memcpy (end, head, head_size);
  end += head_size;
  memcpy (end, data, size);
  end[size] = '\n';
  log->used += total;
}

static void
carry (struct log_stream *stream, const char *data, size_t size)
{
  if (size == 0)
    return;
  if (stream->carry == NULL)
    stream->carry = malloc (LOG_PART_SIZE);
  if (stream->carry == NULL)
    return;
  memcpy (stream->carry + stream->carried, data, size);
  stream->carried += size;
}

static void
drop_carry (struct log_stream *stream)
{
  free (stream->carry);
  stream->carry = NULL;
  stream->carried = 0;
}

void
log_append (struct log *log, struct log_stream *stream, const char *data, size_t size)
{
  char prefix[PREFIX_SIZE];
  const char *end = data + size;
  if (log->path == NULL)
    return;
  size_t prefix_size = format_prefix (prefix, stream->name);
  while (data < end)
    {
      size_t room = LOG_PART_SIZE - stream->carried;
      size_t rest = (size_t)(end - data);
      const char *line_end = memchr (data, '\n', rest < room + 1 ? rest : room + 1);
      if (line_end != NULL)
        {
          put_record (log, prefix, prefix_size, true, stream->carry, stream->carried, data, (size_t)(line_end - data));
          data = line_end + 1;
        }
      else if (rest >= room)
        {
          put_record (log, prefix, prefix_size, false, stream->carry, stream->carried, data, room);
          data += room;
        }
      else
        {
          carry (stream, data, rest);
          return;
        }
      if (stream->carried > 0)
        drop_carry (stream);
    }
}

void
log_finish (struct log *log, struct log_stream *stream)
{
  char prefix[PREFIX_SIZE];
  if (stream->carried > 0 && log->path != NULL)
    put_record (log, prefix, format_prefix (prefix, stream->name), true, NULL, 0, stream->carry, stream->carried);
  drop_carry (stream);
}

void
log_relax (struct log *log)
{
  if (log->buffer != NULL && log->used == 0 && log->peak > KEEP_SIZE)
    {
      madvise (log->buffer, BUFFER_SIZE, MADV_DONTNEED);
      log->peak = 0;
    }
}

void
log_close (struct log *log)
{
  if (log->fd >= 0)
    {
      log_flush (log);
      close (log->fd);
      log->fd = -1;
    }
}
