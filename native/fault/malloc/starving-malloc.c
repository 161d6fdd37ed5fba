/* Linked into a static program in the place of malloc and its like, for the C library's own calls, too:
 * TSSTACK_FAULT_MALLOC=N makes the Nth request of each process fail, N+ all from there on. The file of
 * TSSTACK_FAULT_REPORT then gets a line. */
#include "../../common/cleanup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc (size_t size);
void *__real_calloc (size_t count, size_t size);
void *__real_realloc (void *memory, size_t size);

void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_realloc (void *memory, size_t size);

/* What the C library needs before main it needs: without it there is no program. */
static bool has_begun;

__attribute__ ((constructor)) static void
begin (void)
{
  has_begun = true;
}

static void
report (void)
{
  static const char line[] = "malloc ENOMEM\n";
  const char *path = getenv ("TSSTACK_FAULT_REPORT");
  tss_autofd int fd = path ? open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

  if (fd >= 0 && write (fd, line, sizeof line - 1) < 0)
    return; /* the test will see that none has failed */
}

static bool
is_refused (void)
{
  static unsigned long count;
  const char *wanted = has_begun ? getenv ("TSSTACK_FAULT_MALLOC") : NULL;
  char *end;
  unsigned long number = wanted ? strtoul (wanted, &end, 10) : 0;

  if (number == 0 || ++count < number || (count > number && *end != '+'))
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
