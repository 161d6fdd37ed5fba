/* The log's files: appending, and rotation by rename. */
#include "log-file.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static int
open_current (struct log_file *file)
{
  int fd = TSS_RETRY (open (file->options->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  struct stat status;

  if (fd < 0)
    return -1;
  tss_close (&file->fd);
  file->fd = fd;
  file->size = fstat (fd, &status) == 0 ? (uint64_t)status.st_size : 0;
  return 0;
}

int
log_file_open (struct log_file *file, const struct log_options *options, struct tss_error *error)
{
  *file = (struct log_file){ .options = options, .fd = -1, .compress.options = options };
  if (options->path && open_current (file) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, options->path, "open the log %s", options->path);
  /* What an earlier shim of this container has left to do. */
  log_compress_begin (&file->compress);
  return 0;
}

void
log_file_close (struct log_file *file)
{
  tss_close (&file->fd);
  if (file->compress.options)
    log_compress_stop (&file->compress);
}

uint64_t
log_file_room (const struct log_file *file)
{
  if (file->options->max_bytes == 0)
    return UINT64_MAX;
  return file->size < file->options->max_bytes ? file->options->max_bytes - file->size : 0;
}

/* The number 0 is the current file, which has none in its name. */
static void
make_name (char name[PATH_MAX], const char *path, uint64_t number, const char *suffix)
{
  if (number == 0)
    snprintf (name, PATH_MAX, "%s%s", path, suffix);
  else
    snprintf (name, PATH_MAX, "%s.%llu%s", path, (unsigned long long)number, suffix);
}

static bool
move_file (const char *from, const char *to)
{
  if (rename (from, to) == 0)
    return true;
  if (errno != ENOENT)
    return false;
  /* The older ones need not exist yet; what stays of the oldest has another suffix. */
  unlink (to);
  return true;
}

/* A file may be there plain, compressed, or, when its compression has not quite ended, both. One that a full disk does
 * not let move keeps its name, and so does what it would have taken the place of: the next attempt goes on with it. */
static bool
shift_files (struct log_file *file)
{
  static const char *const suffixes[] = { "", ".gz" };
  const uint64_t steps = (file->options->max_files - 1) * TSS_LENGTH (suffixes);
  char from[PATH_MAX], to[PATH_MAX];

  for (; file->shifted < steps; file->shifted++)
    {
      uint64_t number = file->options->max_files - 1 - file->shifted / TSS_LENGTH (suffixes);
      const char *suffix = suffixes[file->shifted % TSS_LENGTH (suffixes)];

      make_name (to, file->options->path, number, suffix);
      make_name (from, file->options->path, number - 1, suffix);
      if (!move_file (from, to))
        return false;
      /* File by file: the rest may have to wait for the next attempt, and the compression may end before. */
      if (*suffix)
        continue;
      if (file->shifted == 0)
        log_compress_moved (&file->compress, number);
      log_compress_moved (&file->compress, number - 1);
    }
  file->shifted = 0;
  return true;
}

/* When files cannot be moved or the new one cannot be made, writing goes on in the old one and the next write tries
 * again: a log that is too long is better than none. */
static void
rotate (struct log_file *file)
{
  if (!file->must_reopen)
    {
      if (file->options->max_files > 1)
        {
          if (!shift_files (file))
            return;
        }
      else
        unlink (file->options->path);
      file->must_reopen = true;
    }
  if (open_current (file) < 0)
    return;
  file->must_reopen = false;
  log_compress_begin (&file->compress);
}

size_t
log_file_write (struct log_file *file, const char *data, size_t size)
{
  size_t written = 0;

  if (log_file_room (file) == 0 && !file->is_inside_record)
    rotate (file);
  while (written < size)
    {
      ssize_t count = TSS_RETRY (write (file->fd, data + written, size - written));

      if (count < 0)
        break;
      written += (size_t)count;
    }
  file->size += written;
  if (written > 0)
    file->is_inside_record = data[written - 1] != '\n';
  return written;
}
