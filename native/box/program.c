/* Finding and executing the user's program. */
#include "program.h"
#include "../common/cleanup.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* A directory cannot be executed, which execve reports as it does a missing permission. */
static int
try_exec (const char *path, const struct box_process *process)
{
  struct stat status;

  execve (path, (char *const *)(uintptr_t)process->arguments, environ);
  if (errno == EACCES && stat (path, &status) == 0 && S_ISDIR (status.st_mode))
    errno = EISDIR;
  return errno;
}

static bool
is_missing (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

static int
report (const char *name, bool looked_up, int error_number, struct tss_error *error)
{
  if (is_missing (error_number) && looked_up)
    return tss_error_set (error, TSS_ERROR_EXEC_NOT_FOUND, 0, name, "exec \"%s\": executable file not found in $PATH",
                          name);
  return tss_error_set (error, is_missing (error_number) ? TSS_ERROR_EXEC_NOT_FOUND : TSS_ERROR_EXEC_NOT_EXECUTABLE,
                        error_number, name, "exec \"%s\"", name);
}

/* As a shell does: the first file that can be executed; one that cannot only counts when there is no other. */
static int
search (const struct box_process *process)
{
  const char *name = process->arguments[0];
  const char *directories = getenv ("PATH");
  int result = ENOENT;

  if (!directories)
    directories = default_path;
  for (const char *part = directories;; part++)
    {
      char path[PATH_MAX];
      size_t length = strcspn (part, ":");

      if (length == 0)
        snprintf (path, sizeof path, "./%s", name);
      else
        snprintf (path, sizeof path, "%.*s/%s", (int)length, part, name);
      if (length + strlen (name) + 2 < sizeof path)
        {
          int error_number = try_exec (path, process);

          if (!is_missing (error_number) && error_number != EISDIR && result == ENOENT)
            result = error_number;
          /* Found and refused by its contents: looking further would run another program than the one meant. */
          if (error_number == ENOEXEC)
            return error_number;
        }
      part += length;
      if (!*part)
        return result;
    }
}

int
box_program_exec (const struct box_process *process, struct tss_error *error)
{
  const char *name = process->arguments[0];
  bool looked_up = *name && !strchr (name, '/');

  if (looked_up)
    return report (name, true, search (process), error);
  return report (name, false, *name ? try_exec (name, process) : ENOENT, error);
}
