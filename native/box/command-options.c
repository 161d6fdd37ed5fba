/* Reading the command line into one struct, from a table. */
#include "../common/cleanup.h"
#include "command.h"

#include <stddef.h>
#include <string.h>

enum kind
{
  FLAG,
  VALUE,
  LIST,    /* may be given several times */
  IGNORED, /* taken from engines that give it, without effect here */
};

struct option
{
  const char *name;
  char letter;           /* or 0 */
  unsigned int commands; /* that take it; 0: it comes before the command */
  enum kind kind;
  size_t offset, count_offset;
};

#define AT(member) offsetof (struct command_options, member)
#define MAKES (COMMAND_CREATE | COMMAND_RUN)
#define STARTS (MAKES | COMMAND_EXEC)

static const struct option table[] = {
  { "root", 0, 0, VALUE, AT (root), 0 },
  { "log", 0, 0, VALUE, AT (log), 0 },
  { "log-format", 0, 0, VALUE, AT (log_format), 0 },
  { "debug", 0, 0, FLAG, AT (debug), 0 },
  { "systemd-cgroup", 0, 0, FLAG, AT (systemd_cgroup), 0 },
  { "rootless", 0, 0, VALUE, AT (rootless), 0 },
  { "version", 'v', 0, FLAG, AT (version), 0 },
  { "help", 'h', 0, FLAG, AT (help), 0 },
  { "help", 'h', COMMAND_ANY, FLAG, AT (help), 0 },
  { "bundle", 'b', MAKES | COMMAND_SPEC, VALUE, AT (bundle), 0 },
  { "pid-file", 0, STARTS, VALUE, AT (pid_file), 0 },
  { "console-socket", 0, STARTS, VALUE, AT (console_socket), 0 },
  { "preserve-fds", 0, STARTS, VALUE, AT (preserve_fds), 0 },
  { "no-new-keyring", 0, MAKES, FLAG, AT (no_new_keyring), 0 },
  { "no-pivot", 0, MAKES, FLAG, AT (no_pivot), 0 },
  { "keep", 0, COMMAND_RUN, FLAG, AT (keep), 0 },
  /* There is none to leave out: what a container leaves behind is killed with its cgroup. */
  { "no-subreaper", 0, COMMAND_RUN, IGNORED, 0, 0 },
  { "detach", 'd', COMMAND_RUN | COMMAND_EXEC, FLAG, AT (detach), 0 },
  { "process", 'p', COMMAND_EXEC, VALUE, AT (process), 0 },
  { "cwd", 0, COMMAND_EXEC, VALUE, AT (cwd), 0 },
  { "user", 'u', COMMAND_EXEC, VALUE, AT (user), 0 },
  { "cgroup", 0, COMMAND_EXEC, VALUE, AT (cgroup), 0 },
  { "process-label", 0, COMMAND_EXEC, VALUE, AT (process_label), 0 },
  { "apparmor", 0, COMMAND_EXEC, VALUE, AT (apparmor), 0 },
  { "env", 'e', COMMAND_EXEC, LIST, AT (environment), AT (environment_count) },
  { "cap", 'c', COMMAND_EXEC, LIST, AT (capabilities), AT (capability_count) },
  { "additional-gids", 'g', COMMAND_EXEC, LIST, AT (groups), AT (group_count) },
  { "tty", 't', COMMAND_EXEC, FLAG, AT (tty), 0 },
  { "no-new-privs", 0, COMMAND_EXEC, FLAG, AT (no_new_privileges), 0 },
  { "ignore-paused", 0, COMMAND_EXEC, FLAG, AT (ignore_paused), 0 },
  { "all", 'a', COMMAND_KILL, FLAG, AT (all), 0 },
  { "force", 'f', COMMAND_DELETE, FLAG, AT (force), 0 },
  { "format", 'f', COMMAND_LIST | COMMAND_PS, VALUE, AT (format), 0 },
  { "quiet", 'q', COMMAND_LIST, FLAG, AT (quiet), 0 },
  { "stats", 0, COMMAND_EVENTS, FLAG, AT (stats), 0 },
  { "interval", 0, COMMAND_EVENTS, VALUE, AT (interval), 0 },
  { "rootless", 0, COMMAND_SPEC, FLAG, AT (rootless_spec), 0 },
  { "resources", 'r', COMMAND_UPDATE, VALUE, AT (resources), 0 },
  { "memory", 0, COMMAND_UPDATE, VALUE, AT (memory), 0 },
  { "memory-reservation", 0, COMMAND_UPDATE, VALUE, AT (memory_reservation), 0 },
  { "memory-swap", 0, COMMAND_UPDATE, VALUE, AT (memory_swap), 0 },
  { "kernel-memory", 0, COMMAND_UPDATE, VALUE, AT (kernel_memory), 0 },
  { "kernel-memory-tcp", 0, COMMAND_UPDATE, VALUE, AT (kernel_memory_tcp), 0 },
  { "cpu-period", 0, COMMAND_UPDATE, VALUE, AT (cpu_period), 0 },
  { "cpu-quota", 0, COMMAND_UPDATE, VALUE, AT (cpu_quota), 0 },
  { "cpu-burst", 0, COMMAND_UPDATE, VALUE, AT (cpu_burst), 0 },
  { "cpu-share", 0, COMMAND_UPDATE, VALUE, AT (cpu_share), 0 },
  { "cpu-rt-period", 0, COMMAND_UPDATE, VALUE, AT (cpu_rt_period), 0 },
  { "cpu-rt-runtime", 0, COMMAND_UPDATE, VALUE, AT (cpu_rt_runtime), 0 },
  { "cpu-idle", 0, COMMAND_UPDATE, VALUE, AT (cpu_idle), 0 },
  { "cpuset-cpus", 0, COMMAND_UPDATE, VALUE, AT (cpuset_cpus), 0 },
  { "cpuset-mems", 0, COMMAND_UPDATE, VALUE, AT (cpuset_mems), 0 },
  { "pids-limit", 0, COMMAND_UPDATE, VALUE, AT (pids_limit), 0 },
  { "blkio-weight", 0, COMMAND_UPDATE, VALUE, AT (block_weight), 0 },
};

static bool
is_taken (const struct option *option, unsigned int command)
{
  return command ? option->commands & command : option->commands == 0;
}

static const struct option *
find_option (const char *word, unsigned int command, size_t *name_length)
{
  const char *name = word + 1 + (word[1] == '-');

  *name_length = word[1] == '-' ? strcspn (name, "=") : 1;
  for (const struct option *option = table; option < table + TSS_LENGTH (table); option++)
    if (is_taken (option, command)
        && (word[1] == '-' ? strlen (option->name) == *name_length && strncmp (option->name, name, *name_length) == 0
                           : option->letter && option->letter == *name && !name[1]))
      return option;
  return NULL;
}

static int
take_value (const struct option *option, const char *value, struct command_options *options, struct tss_error *error)
{
  char *base = (char *)options;
  size_t count;

  if (option->kind == VALUE)
    {
      memcpy (base + option->offset, &value, sizeof value);
      return 0;
    }
  memcpy (&count, base + option->count_offset, sizeof count);
  if (count == TSS_LENGTH (options->environment))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, option->name, "--%s is given too often", option->name);
  memcpy (base + option->offset + count * sizeof value, &value, sizeof value);
  count++;
  memcpy (base + option->count_offset, &count, sizeof count);
  return 0;
}

static int
take_option (const struct option *option, const char *attached, struct command_words *words,
             struct command_options *options, struct tss_error *error)
{
  bool on = !attached || strcmp (attached, "false") != 0;

  if (option->kind == FLAG || option->kind == IGNORED)
    {
      if (attached && on && strcmp (attached, "true") != 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, option->name, "--%s takes no value but true and false",
                              option->name);
      if (option->kind == FLAG)
        memcpy ((char *)options + option->offset, &on, sizeof on);
      return 0;
    }
  if (!attached && words->next == words->count)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, option->name, "--%s needs a value", option->name);
  return take_value (option, attached ? attached : words->items[words->next++], options, error);
}

int
command_options_take (struct command_words *words, const struct command *command, struct command_options *options,
                      struct tss_error *error)
{
  while (words->next < words->count)
    {
      const char *word = words->items[words->next];
      const struct option *option;
      size_t name_length;

      if (word[0] != '-' || !word[1])
        return 0;
      words->next++;
      if (strcmp (word, "--") == 0)
        return 0;
      option = find_option (word, command ? command->bit : 0, &name_length);
      if (!option)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, word, "unknown option %s%s%s", word, command ? " of " : "",
                              command ? command->name : "");
      word += word[1] == '-' ? 2 + name_length : 2;
      if (take_option (option, *word == '=' ? word + 1 : NULL, words, options, error) < 0)
        return -1;
    }
  return 0;
}

void
command_options_print (const struct command *command)
{
  for (const struct option *option = table; option < table + TSS_LENGTH (table); option++)
    {
      char letter[8] = "";

      if (!is_taken (option, command ? command->bit : 0))
        continue;
      if (option->letter)
        snprintf (letter, sizeof letter, ", -%c", option->letter);
      printf ("  --%s%s%s\n", option->name, letter, option->kind == VALUE || option->kind == LIST ? " VALUE" : "");
    }
}
