/* Whole small files: reading, writing, replacing. */
#include "file.h"
#include "cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* First buffer for a file of unknown size; files of /proc and cgroups report size 0. */
enum
{
  FIRST_BUFFER = 4096
};

char *
tss_read_all (int fd, size_t maximum, size_t *size)
{
  tss_autofree char *buffer = malloc (FIRST_BUFFER);
  size_t capacity = FIRST_BUFFER, length = 0;

  for (;;)
    {
      ssize_t count = buffer ? TSS_RETRY (read (fd, buffer + length, capacity - length - 1)) : -1;
      char *larger;

      if (count < 0)
        return NULL;
      length += (size_t)count;
      if (count == 0)
        break;
      if (length > maximum)
        {
          errno = EFBIG;
          return NULL;
        }
      if (length < capacity - 1)
        continue;
      if (!(larger = realloc (buffer, capacity * 2)))
        return NULL;
      buffer = larger;
      capacity *= 2;
    }
  buffer[length] = '\0';
  if (size)
    *size = length;
  return tss_steal_pointer (&buffer);
}

char *
tss_read_file_at (int directory, const char *path, size_t *size)
{
  tss_autofd int fd = TSS_RETRY (openat (directory, path, O_RDONLY | O_CLOEXEC));

  return fd < 0 ? NULL : tss_read_all (fd, SIZE_MAX, size);
}

ssize_t
tss_read_small_file_at (int directory, const char *path, char *buffer, size_t size)
{
  tss_autofd int fd = TSS_RETRY (openat (directory, path, O_RDONLY | O_CLOEXEC));
  ssize_t count;

  if (fd < 0)
    return -1;
  count = TSS_RETRY (read (fd, buffer, size - 1));
  buffer[count < 0 ? 0 : count] = '\0';
  return count;
}

int
tss_write_text_at (int directory, const char *path, const char *text)
{
  tss_autofd int fd = TSS_RETRY (openat (directory, path, O_WRONLY | O_CLOEXEC));

  if (fd < 0 || TSS_RETRY (write (fd, text, strlen (text))) < 0)
    return -1;
  return 0;
}

int
tss_write_all (int fd, const void *data, size_t size)
{
  const char *bytes = data;

  while (size > 0)
    {
      ssize_t count = TSS_RETRY (write (fd, bytes, size));

      if (count < 0)
        return -1;
      bytes += count;
      size -= (size_t)count;
    }
  return 0;
}

static int
name_new_file (const char *path, char *name, size_t size)
{
  if ((size_t)snprintf (name, size, "%s.new", path) < size)
    return 0;
  errno = ENAMETOOLONG;
  return -1;
}

static int
give_up_new_file (int directory, const char *name)
{
  int saved = errno;

  unlinkat (directory, name, 0);
  errno = saved;
  return -1;
}

int
tss_write_new_file_at (int directory, const char *path, const void *data, size_t size, mode_t mode)
{
  char name[PATH_MAX];
  tss_autofd int fd = -1;

  if (name_new_file (path, name, sizeof name) < 0)
    return -1;
  fd = TSS_RETRY (openat (directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (fd < 0)
    return -1;
  return tss_write_all (fd, data, size) < 0 ? give_up_new_file (directory, name) : 0;
}

int
tss_use_new_file_at (int directory, const char *path)
{
  char name[PATH_MAX];

  if (name_new_file (path, name, sizeof name) < 0)
    return -1;
  return renameat (directory, name, directory, path) < 0 ? give_up_new_file (directory, name) : 0;
}

int
tss_replace_file_at (int directory, const char *path, const void *data, size_t size, mode_t mode)
{
  if (tss_write_new_file_at (directory, path, data, size, mode) < 0)
    return -1;
  return tss_use_new_file_at (directory, path);
}

int
tss_make_directories (const char *path, mode_t mode)
{
  char partial[PATH_MAX];
  size_t length = strlen (path);

  if (length >= sizeof partial)
    {
      errno = ENAMETOOLONG;
      return -1;
    }
  memcpy (partial, path, length + 1);
  for (size_t i = 1; i <= length; i++)
    {
      if (partial[i] != '/' && partial[i] != '\0')
        continue;
      partial[i] = '\0';
      if (mkdir (partial, mode) < 0 && errno != EEXIST)
        return -1;
      partial[i] = path[i];
    }
  return 0;
}
