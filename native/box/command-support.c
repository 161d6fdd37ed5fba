/* Small things that several commands need. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "command.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static void
log_json (FILE *file, const char *level, const char *message)
{
  time_t now = time (NULL);
  struct tm parts;
  char at[32];
  tss_autojson json_t *line = NULL;

  gmtime_r (&now, &parts);
  strftime (at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &parts);
  line = json_pack ("{s:s, s:s, s:s}", "level", level, "msg", message, "time", at);
  json_dumpf (line, file, JSON_COMPACT);
  fputc ('\n', file);
}

void
command_log (const struct command_options *options, const char *level, const char *message)
{
  tss_autofile FILE *file = options->log ? fopen (options->log, "ae") : NULL;

  if (file && options->log_format && strcmp (options->log_format, "json") == 0)
    log_json (file, level, message);
  else if (file)
    fprintf (file, "level=%s msg=\"%s\"\n", level, message);
  /* Engines read the log, people the terminal. */
  fprintf (stderr, "tsstack-box: %s%s\n", strcmp (level, "error") == 0 ? "" : "warning: ", message);
}

static void
warn (void *context, const char *message)
{
  command_log (context, "warning", message);
}

struct box_warner
command_warner (const struct command_options *options)
{
  return (struct box_warner){ .warn = warn, .context = (void *)(uintptr_t)options };
}

int
command_number (const char *text, const char *field, int64_t *number, struct tss_error *error)
{
  char *end;

  errno = 0;
  *number = strtoll (text, &end, 10);
  if (errno || !*text || *end)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: %s is no number", field, text);
  return 0;
}

int
command_preserve_fds (const struct command_options *options, int *count, struct tss_error *error)
{
  int64_t number = 0;

  if (options->preserve_fds && command_number (options->preserve_fds, "--preserve-fds", &number, error) < 0)
    return -1;
  if (number < 0 || number > 1024)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--preserve-fds", "--preserve-fds: expected 0 to 1024");
  /* Into a hole something of ours would come to lie, and be kept. */
  for (int fd = 3; fd < 3 + number; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      return tss_error_set (error, TSS_ERROR_INVALID, errno, "--preserve-fds", "--preserve-fds: descriptor %d", fd);
  *count = (int)number;
  return 0;
}

int
command_signal_number (const char *text)
{
  if (isdigit ((unsigned char)*text))
    {
      long number = strtol (text, NULL, 10);

      return number >= 0 && number < _NSIG ? (int)number : -1;
    }
  if (strncasecmp (text, "SIG", 3) == 0)
    text += 3;
  for (int number = 1; number < _NSIG; number++)
    if (sigabbrev_np (number) && strcasecmp (sigabbrev_np (number), text) == 0)
      return number;
  return -1;
}

int
command_write_pid_file (const struct command_options *options, pid_t pid, struct tss_error *error)
{
  char text[16];

  if (!options->pid_file)
    return 0;
  snprintf (text, sizeof text, "%d", pid);
  if (tss_replace_file_at (AT_FDCWD, options->pid_file, text, strlen (text), 0644) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, options->pid_file, "write %s", options->pid_file);
  return 0;
}

int
command_print (json_t *value, struct tss_error *error)
{
  tss_autojson json_t *owned = value;

  if (!owned || json_dumpf (owned, stdout, JSON_INDENT (2)) < 0 || fputc ('\n', stdout) == EOF
      || fflush (stdout) == EOF)
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "print");
  return 0;
}
