/* Finding and executing the user's program. */
#include "program.h"
#include "../common/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* What is done with a file that may be the program. Returns an errno, or 0 when it was found and not executed. */
typedef int (*attempt_function) (const char *path, const struct box_process *process);

/* A directory cannot be executed, which execve reports as it does a missing permission. */
static bool
is_directory (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && S_ISDIR (status.st_mode);
}

static int
try_exec (const char *path, const struct box_process *process)
{
  execve (path, (char *const *)(uintptr_t)process->arguments, environ);
  return errno == EACCES && is_directory (path) ? EISDIR : errno;
}

static int
try_access (const char *path, const struct box_process *process)
{
  (void)process;
  if (faccessat (AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
    return errno;
  return is_directory (path) ? EISDIR : 0;
}

static bool
is_missing (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

static int
report (const char *name, bool looked_up, int error_number, struct tss_error *error)
{
  if (error_number == 0)
    return 0;
  /* Engines tell 127 and 126 from other failures by these words, in small letters, and not by their meaning. */
  if (error_number == ENOENT || (is_missing (error_number) && looked_up))
    return tss_error_set (error, TSS_ERROR_EXEC_NOT_FOUND, 0, name, "exec \"%s\": %s", name,
                          looked_up ? "executable file not found in $PATH" : "no such file or directory");
  if (error_number == EISDIR || error_number == EACCES)
    return tss_error_set (error, TSS_ERROR_EXEC_NOT_EXECUTABLE, 0, name, "exec \"%s\": %spermission denied", name,
                          error_number == EISDIR ? "is a directory: " : "");
  return tss_error_set (error, is_missing (error_number) ? TSS_ERROR_EXEC_NOT_FOUND : TSS_ERROR_EXEC_NOT_EXECUTABLE,
                        error_number, name, "exec \"%s\"", name);
}

/* As a shell does: the first file that can be executed; one that cannot only counts when there is no other. */
static int
search (const struct box_process *process, attempt_function attempt)
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
          int error_number = attempt (path, process);

          if (error_number == 0)
            return 0;
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

static int
find (const struct box_process *process, attempt_function attempt, struct tss_error *error)
{
  const char *name = process->arguments[0];
  bool looked_up = *name && !strchr (name, '/');

  if (looked_up)
    return report (name, true, search (process, attempt), error);
  return report (name, false, *name ? attempt (name, process) : ENOENT, error);
}

int
box_program_check (const struct box_process *process, struct tss_error *error)
{
  return find (process, try_access, error);
}

int
box_program_exec (const struct box_process *process, struct tss_error *error)
{
  return find (process, try_exec, error);
}
