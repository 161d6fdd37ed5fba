/* ps: the processes of a container. */
#include "../common/cleanup.h"
#include "command-records.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* Column of the header line that has the process numbers, -1 when there is none. */
static int
find_column (const char *header)
{
  int column = 0;

  for (const char *word = header + strspn (header, " "); *word; column++)
    {
      size_t length = strcspn (word, " \n");

      if (length == 3 && strncmp (word, "PID", 3) == 0)
        return column;
      word += length;
      word += strspn (word, " \n");
    }
  return -1;
}

static long
number_in (const char *line, int column)
{
  const char *word = line + strspn (line, " ");

  for (; column > 0; column--)
    {
      word += strcspn (word, " \n");
      word += strspn (word, " \n");
    }
  return strtol (word, NULL, 10);
}

static bool
is_listed (const pid_t *pids, ssize_t count, long pid)
{
  for (ssize_t i = 0; i < count; i++)
    if (pids[i] == pid)
      return true;
  return false;
}

/* Copies the header and the lines of these processes. */
static int
copy_lines (FILE *output, const pid_t *pids, ssize_t count, struct tss_error *error)
{
  tss_autofree char *line = NULL;
  size_t size = 0;
  int column = -1;

  while (getline (&line, &size, output) >= 0)
    {
      if (column >= 0 && !is_listed (pids, count, number_in (line, column)))
        continue;
      if (column < 0 && (column = find_column (line)) < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "ps", "ps: its output has no column PID");
      fputs (line, stdout);
    }
  return 0;
}

static int
start_ps (char *const *words, pid_t *pid, int *output, struct tss_error *error)
{
  posix_spawn_file_actions_t actions;
  int ends[2], failure;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "ps", "run ps");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, ends[1], STDOUT_FILENO);
  failure = posix_spawnp (pid, words[0], &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy (&actions);
  tss_close (&ends[1]);
  *output = ends[0];
  if (failure == 0)
    return 0;
  tss_close (output);
  return tss_error_set (error, TSS_ERROR_IO, failure, "ps", "run ps");
}

/* The host's ps shows all processes in whatever form is asked for; those of the container are picked out. */
static int
run_ps (char **extra, int extra_count, const pid_t *pids, ssize_t count, struct tss_error *error)
{
  tss_autofree char **words = calloc ((size_t)extra_count + 3, sizeof *words);
  tss_autofile FILE *stream = NULL;
  int output = -1, status, result;
  pid_t pid;

  if (!words)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "run ps");
  words[0] = (char *)(uintptr_t) "ps";
  words[1] = (char *)(uintptr_t) "-ef";
  if (extra_count > 0)
    memcpy (words + 1, extra, (size_t)extra_count * sizeof *words);
  if (start_ps (words, &pid, &output, error) < 0)
    return -1;
  stream = fdopen (output, "r");
  result = stream ? copy_lines (stream, pids, count, error) : -1;
  TSS_RETRY (waitpid (pid, &status, 0));
  if (result < 0)
    return -1;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1;
}

int
command_ps (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  tss_autofree pid_t *pids = NULL;
  int wants_json = command_wants_json (options, error);
  json_t *list;
  ssize_t count;

  if (wants_json < 0 || command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  count = box_pids (record.container, &pids, error);
  if (count < 0)
    return -1;
  if (!wants_json)
    return run_ps (options->arguments + 1, options->argument_count - 1, pids, count, error);
  list = json_array ();
  for (ssize_t i = 0; i < count; i++)
    json_array_append_new (list, json_integer (pids[i]));
  return command_print (list, error);
}
