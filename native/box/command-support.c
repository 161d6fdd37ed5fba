/* Small things that several commands need. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "command.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool
logs_json (const struct command_options *options)
{
  return options->log_format && strcmp (options->log_format, "json") == 0;
}

int
command_log_check (const struct command_options *options, struct tss_error *error)
{
  tss_autofile FILE *file = options->log ? fopen (options->log, "ae") : NULL;

  if (options->log && !file)
    return tss_error_set (error, TSS_ERROR_IO, errno, options->log, "--log: open %s", options->log);
  if (!options->log_format || logs_json (options) || strcmp (options->log_format, "text") == 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "--log-format", "--log-format: expected text or json, not %s",
                        options->log_format);
}

static void
write_log (const struct command_options *options, FILE *file, const char *level, const char *message)
{
  time_t now = time (NULL);
  struct tm parts;
  char at[32];
  tss_autojson json_t *text = json_string (message), *line = NULL;
  tss_autofree char *quoted = NULL;

  gmtime_r (&now, &parts);
  strftime (at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (!text)
    text = json_string ("(not UTF-8)");
  line = json_pack ("{s:s, s:O, s:s}", "level", level, "msg", text, "time", at);
  quoted = logs_json (options) ? json_dumps (line, JSON_COMPACT) : json_dumps (text, JSON_ENCODE_ANY);
  if (logs_json (options))
    fprintf (file, "%s\n", quoted ? quoted : "{}");
  else
    fprintf (file, "time=\"%s\" level=%s msg=%s\n", at, level, quoted ? quoted : "");
}

void
command_log (const struct command_options *options, const char *level, const char *message)
{
  tss_autofile FILE *file = options->log ? fopen (options->log, "ae") : NULL;

  if (file)
    write_log (options, file, level, message);
  /* Engines read the log. Standard error is then that of the container, which warnings are none of. */
  if (strcmp (level, "error") == 0)
    fprintf (stderr, "tsstack-box: %s\n", message);
  else if (!file && strcmp (level, "debug") != 0)
    fprintf (stderr, "tsstack-box: warning: %s\n", message);
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
command_size (const char *text, const char *field, int64_t *size, struct tss_error *error)
{
  static const char units[] = "kmgt";
  const char *unit;
  char *end;

  errno = 0;
  *size = strtoll (text, &end, 10);
  unit = *end ? strchr (units, tolower ((unsigned char)*end)) : NULL;
  if (unit)
    for (const char *step = units; step <= unit; step++)
      if (__builtin_mul_overflow (*size, (int64_t)1024, size))
        errno = ERANGE;
  /* "512m", "512mb" and "512MiB" are the same. */
  if (unit)
    end++;
  if (unit && strcasecmp (end, "ib") == 0)
    end += 2;
  if (*end && strcasecmp (end, "b") == 0)
    end++;
  if (errno || end == text || *end)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: %s is no number of bytes", field, text);
  return 0;
}

int
command_wants_json (const struct command_options *options, struct tss_error *error)
{
  if (!options->format || strcmp (options->format, "table") == 0)
    return 0;
  if (strcmp (options->format, "json") == 0)
    return 1;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "--format", "--format: expected table or json, not %s",
                        options->format);
}

/* Descriptors that socket activation has given us come right behind standard error. */
static int64_t
count_listen_fds (void)
{
  const char *text = getenv ("LISTEN_FDS");
  int64_t count = 0;

  return text && command_number (text, "LISTEN_FDS", &count, NULL) == 0 && count > 0 ? count : 0;
}

void
command_pass_listen_fds (json_t *process)
{
  int64_t count = count_listen_fds ();
  char variable[48];

  if (count == 0)
    return;
  if (!json_is_array (json_object_get (process, "env")))
    json_object_set_new (process, "env", json_array ());
  snprintf (variable, sizeof variable, "LISTEN_FDS=%lld", (long long)count);
  json_array_append_new (json_object_get (process, "env"), json_string (variable));
  json_array_append_new (json_object_get (process, "env"), json_string ("LISTEN_PID=1"));
}

int
command_preserve_fds (const struct command_options *options, int *count, struct tss_error *error)
{
  int64_t number = 0;

  if (options->preserve_fds && command_number (options->preserve_fds, "--preserve-fds", &number, error) < 0)
    return -1;
  number = number < 0 ? number : number + count_listen_fds ();
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
      int64_t number;

      return command_number (text, "signal", &number, NULL) == 0 && number >= 0 && number < _NSIG ? (int)number : -1;
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
