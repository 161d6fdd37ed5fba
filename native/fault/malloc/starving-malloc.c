/* Linked into a program in the place of malloc and its like: TSSTACK_FAULT_MALLOC=N makes the Nth request of each
 * process fail, N+ all from there on. The file of TSSTACK_FAULT_REPORT then gets a line. The C library's own requests
 * are not among them. */
#include "../../common/cleanup.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc (size_t size);
void *__real_calloc (size_t count, size_t size);
void *__real_realloc (void *memory, size_t size);
void *__real_reallocarray (void *memory, size_t count, size_t size);
char *__real_strdup (const char *text);
char *__real_strndup (const char *text, size_t size);

void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_realloc (void *memory, size_t size);
void *__wrap_reallocarray (void *memory, size_t count, size_t size);
char *__wrap_strdup (const char *text);
char *__wrap_strndup (const char *text, size_t size);
int __wrap___asprintf_chk (char **result, int flag, const char *format, ...);

static void
report (void)
{
  static const char line[] = "malloc ENOMEM\n";
  const char *path = getenv ("TSSTACK_FAULT_REPORT");
  tss_autofd int fd = path ? open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

  if (fd >= 0 && write (fd, line, sizeof line - 1) < 0)
    return; /* in a root of its own there is no such file */
}

static bool
is_refused (void)
{
  static unsigned long count;
  const char *wanted = getenv ("TSSTACK_FAULT_MALLOC");
  char *end;
  unsigned long number = wanted ? strtoul (wanted, &end, 10) : 0;

  count++;
  if (number == 0 || count < number || (count > number && *end != '+'))
    return false;
  if (count == number)
    report ();
  errno = ENOMEM;
  return true;
}

void *
__wrap_malloc (size_t size)
{
  return is_refused () ? NULL : __real_malloc (size);
}

void *
__wrap_calloc (size_t count, size_t size)
{
  return is_refused () ? NULL : __real_calloc (count, size);
}

void *
__wrap_realloc (void *memory, size_t size)
{
  return is_refused () ? NULL : __real_realloc (memory, size);
}

void *
__wrap_reallocarray (void *memory, size_t count, size_t size)
{
  return is_refused () ? NULL : __real_reallocarray (memory, count, size);
}

char *
__wrap_strdup (const char *text)
{
  return is_refused () ? NULL : __real_strdup (text);
}

char *
__wrap_strndup (const char *text, size_t size)
{
  return is_refused () ? NULL : __real_strndup (text, size);
}

/* What asprintf is with _FORTIFY_SOURCE. */
int
__wrap___asprintf_chk (char **result, int flag, const char *format, ...)
{
  va_list arguments;
  int length;

  (void)flag;
  if (is_refused ())
    return -1;
  va_start (arguments, format);
  length = vasprintf (result, format, arguments);
  va_end (arguments);
  return length;
}
