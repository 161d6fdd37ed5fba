/* tsstack-box: the OCI runtime command line over libbox. */
#include "../common/cleanup.h"
#include "../common/sealed-exec.h"
#include "command.h"

#include <signal.h>
#include <string.h>

static const struct command commands[] = {
  { "create", "ID", "make a container from a bundle", 1, 1, command_create },
  { "start", "ID", "run a created container's program", 1, 1, command_start },
  { "run", "ID", "create and start, wait unless detached", 1, 1, command_run },
  { "exec", "ID [COMMAND...]", "run another process in a container", 1, -1, command_exec },
  { "state", "ID", "print a container's state", 1, 1, command_state },
  { "kill", "ID [SIGNAL]", "send a signal, SIGTERM by default", 1, 2, command_kill },
  { "delete", "ID", "remove a stopped container, or any with --force", 1, 1, command_delete },
  { "list", "", "list containers", 0, 0, command_list },
  { "ps", "ID [OPTIONS]", "list a container's processes", 1, -1, command_ps },
  { "pause", "ID", "freeze a container", 1, 1, command_pause },
  { "resume", "ID", "thaw a container", 1, 1, command_resume },
  { "update", "ID", "change a container's resources", 1, 1, command_update },
  { "features", "", "print what this runtime can do", 0, 0, command_features },
  { "spec", "", "write a config.json to begin with", 0, 0, command_spec },
};

static void
print_help (void)
{
  puts ("Usage: tsstack-box [--root DIR] [--log FILE] [--log-format text|json] COMMAND [OPTIONS] [ARGUMENTS]\n");
  for (size_t i = 0; i < TSS_LENGTH (commands); i++)
    printf ("  %-9s %-17s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
}

static int
run_command (const char *name, struct command_options *options, struct tss_error *error)
{
  for (size_t i = 0; i < TSS_LENGTH (commands); i++)
    {
      const struct command *command = &commands[i];

      if (strcmp (command->name, name) != 0)
        continue;
      if (options->argument_count < command->minimum
          || (command->maximum >= 0 && options->argument_count > command->maximum))
        return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "usage: tsstack-box %s %s", name, command->arguments);
      return command->run (options, error);
    }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "unknown command %s", name);
}

static int
run (int count, char **words, struct command_options *options, struct tss_error *error)
{
  const char *command;

  if (command_options_parse (count, words, options, &command, error) < 0)
    return -1;
  if (options->version)
    {
      puts ("tsstack-box version 0.1.0\nspec: " BOX_OCI_VERSION);
      return 0;
    }
  if (!command || options->help)
    {
      print_help ();
      return 0;
    }
  if (options->systemd_cgroup)
    return tss_error_set (error, TSS_ERROR_CGROUP, 0, "--systemd-cgroup",
                          "--systemd-cgroup is not supported: use the cgroupfs driver");
  return run_command (command, options, error);
}

int
main (int count, char **words)
{
  struct command_options options = { 0 };
  struct tss_error error = { 0 };
  int status = tss_reexec_sealed (words, &error);

  /* Where the caller ignores it, the kernel takes away the exit codes that we wait for. */
  signal (SIGCHLD, SIG_DFL);
  if (status == 0)
    status = run (count, words, &options, &error);
  if (status >= 0)
    return status;
  command_log (&options, "error", error.message);
  if (error.code == TSS_ERROR_EXEC_NOT_FOUND)
    return 127;
  return error.code == TSS_ERROR_EXEC_NOT_EXECUTABLE ? 126 : 1;
}
