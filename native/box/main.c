/* tsstack-box: the OCI runtime command line over libbox. */
#include "../common/cleanup.h"
#include "../common/unwritable-exec.h"
#include "command.h"

#include <signal.h>
#include <string.h>

static const struct command commands[] = {
  { "create", COMMAND_CREATE, "ID", "make a container from a bundle", 1, 1, command_create },
  { "start", COMMAND_START, "ID", "run a created container's program", 1, 1, command_start },
  { "run", COMMAND_RUN, "ID", "create and start, wait unless detached", 1, 1, command_run },
  { "exec", COMMAND_EXEC, "ID [COMMAND...]", "run another process in a container", 1, -1, command_exec },
  { "state", COMMAND_STATE, "ID", "print a container's state", 1, 1, command_state },
  { "kill", COMMAND_KILL, "ID [SIGNAL]", "send a signal, SIGTERM by default", 1, 2, command_kill },
  { "delete", COMMAND_DELETE, "ID", "remove a stopped container, or any with --force", 1, 1, command_delete },
  { "list", COMMAND_LIST, "", "list containers", 0, 0, command_list },
  { "ps", COMMAND_PS, "ID [OPTIONS]", "list a container's processes", 1, -1, command_ps },
  { "pause", COMMAND_PAUSE, "ID", "freeze a container", 1, 1, command_pause },
  { "resume", COMMAND_RESUME, "ID", "thaw a container", 1, 1, command_resume },
  { "update", COMMAND_UPDATE, "ID", "change a container's resources", 1, 1, command_update },
  { "events", COMMAND_EVENTS, "ID", "print how much a container uses, again and again", 1, 1, command_events },
  { "features", COMMAND_FEATURES, "", "print what this runtime can do", 0, 0, command_features },
  { "spec", COMMAND_SPEC, "", "write a config.json to begin with", 0, 0, command_spec },
};

static void
print_help (void)
{
  puts ("Usage: tsstack-box [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\nOptions before the command:\n");
  command_options_print (NULL);
  puts ("\nCommands (COMMAND --help shows what each takes):\n");
  for (size_t i = 0; i < TSS_LENGTH (commands); i++)
    printf ("  %-9s %-17s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
}

static void
print_command_help (const struct command *command)
{
  printf ("Usage: tsstack-box %s [OPTIONS] %s\n\n%s\n\n", command->name, command->arguments, command->summary);
  command_options_print (command);
}

static const struct command *
find_command (const char *name, struct tss_error *error)
{
  for (size_t i = 0; i < TSS_LENGTH (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return &commands[i];
  if (strcmp (name, "checkpoint") == 0 || strcmp (name, "restore") == 0)
    tss_error_set (error, TSS_ERROR_INVALID, 0, name, "%s is not supported: there are no checkpoints of containers",
                   name);
  else
    tss_error_set (error, TSS_ERROR_INVALID, 0, name, "unknown command %s", name);
  return NULL;
}

/* Whether one of our processes will be in a container, where the program's own file has to be out of reach. The others
 * need no copy of it, which takes 1 ms. */
static bool
is_entering (const struct command *command)
{
  return command->bit & (COMMAND_CREATE | COMMAND_RUN | COMMAND_EXEC);
}

/* What other runtimes have, and engines may ask for. */
static int
check_support (const struct command_options *options, struct tss_error *error)
{
  if (options->systemd_cgroup)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, "--systemd-cgroup",
                          "--systemd-cgroup is not supported: use the cgroupfs driver");
  if (options->rootless && strcmp (options->rootless, "auto") != 0 && strcmp (options->rootless, "false") != 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--rootless", "--rootless is not supported: run as root");
  if (options->no_pivot)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--no-pivot",
                          "--no-pivot is not supported: a root that is not pivoted to can be left");
  return 0;
}

static int
run_command (const struct command *command, struct command_words *words, struct command_options *options,
             struct tss_error *error)
{
  char line[64];

  if (command_options_take (words, command, options, error) < 0 || check_support (options, error) < 0)
    return -1;
  options->arguments = words->items + words->next;
  options->argument_count = words->count - words->next;
  if (options->help)
    {
      print_command_help (command);
      return 0;
    }
  if (options->argument_count < command->minimum
      || (command->maximum >= 0 && options->argument_count > command->maximum))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, command->name, "usage: tsstack-box %s %s", command->name,
                          command->arguments);
  snprintf (line, sizeof line, "%s %s", command->name, options->argument_count > 0 ? options->arguments[0] : "");
  if (options->debug)
    command_log (options, "debug", line);
  return command->run (options, error);
}

static int
run (int count, char **words, struct command_options *options, struct tss_error *error)
{
  struct command_words rest = { .items = words, .count = count, .next = 1 };
  const struct command *command;

  options->root = COMMAND_DEFAULT_ROOT;
  if (command_options_take (&rest, NULL, options, error) < 0 || command_log_check (options, error) < 0)
    return -1;
  if (!*options->root)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--root", "--root: expected a directory");
  if (options->version)
    {
      puts ("tsstack-box version " COMMAND_VERSION "\nspec: " BOX_OCI_VERSION);
      return 0;
    }
  if (options->help || rest.next == rest.count || strcmp (words[rest.next], "help") == 0)
    {
      print_help ();
      return 0;
    }
  command = find_command (words[rest.next++], error);
  if (command && is_entering (command) && tss_reexec_unwritable (words, error) < 0)
    return -1;
  return command ? run_command (command, &rest, options, error) : -1;
}

int
main (int count, char **words)
{
  struct command_options options = { 0 };
  struct tss_error error = { 0 };
  int status;

  /* Where the caller ignores it, the kernel takes away the exit codes that we wait for. */
  signal (SIGCHLD, SIG_DFL);
  status = run (count, words, &options, &error);
  if (status >= 0)
    return status;
  command_log (&options, "error", error.message);
  if (error.code == TSS_ERROR_EXEC_NOT_FOUND)
    return 127;
  return error.code == TSS_ERROR_EXEC_NOT_EXECUTABLE ? 126 : 1;
}
