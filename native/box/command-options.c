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
  char letter; /* or 0 */
  enum kind kind;
  size_t offset, count_offset;
};

#define AT(member) offsetof (struct command_options, member)

static const struct option options_before[] = {
  { "root", 0, VALUE, AT (root), 0 },
  { "log", 0, VALUE, AT (log), 0 },
  { "log-format", 0, VALUE, AT (log_format), 0 },
  { "debug", 0, FLAG, AT (debug), 0 },
  { "systemd-cgroup", 0, FLAG, AT (systemd_cgroup), 0 },
  { "version", 'v', FLAG, AT (version), 0 },
  { "help", 'h', FLAG, AT (help), 0 },
};

static const struct option options_after[] = {
  { "bundle", 'b', VALUE, AT (bundle), 0 },
  { "pid-file", 0, VALUE, AT (pid_file), 0 },
  { "console-socket", 0, VALUE, AT (console_socket), 0 },
  { "preserve-fds", 0, VALUE, AT (preserve_fds), 0 },
  { "process", 'p', VALUE, AT (process), 0 },
  { "resources", 'r', VALUE, AT (resources), 0 },
  { "format", 0, VALUE, AT (format), 0 },
  { "cwd", 0, VALUE, AT (cwd), 0 },
  { "user", 'u', VALUE, AT (user), 0 },
  { "rootfs", 0, VALUE, AT (rootfs), 0 },
  { "env", 'e', LIST, AT (environment), AT (environment_count) },
  { "cap", 'c', LIST, AT (capabilities), AT (capability_count) },
  { "all", 'a', FLAG, AT (all), 0 },
  { "force", 'f', FLAG, AT (force), 0 },
  { "detach", 'd', FLAG, AT (detach), 0 },
  { "tty", 't', FLAG, AT (tty), 0 },
  { "keep", 0, FLAG, AT (keep), 0 },
  { "quiet", 'q', FLAG, AT (quiet), 0 },
  { "no-new-privs", 0, FLAG, AT (no_new_privileges), 0 },
  { "help", 'h', FLAG, AT (help), 0 },
  { "memory", 0, VALUE, AT (memory), 0 },
  { "memory-reservation", 0, VALUE, AT (memory_reservation), 0 },
  { "memory-swap", 0, VALUE, AT (memory_swap), 0 },
  { "cpu-period", 0, VALUE, AT (cpu_period), 0 },
  { "cpu-quota", 0, VALUE, AT (cpu_quota), 0 },
  { "cpu-share", 0, VALUE, AT (cpu_share), 0 },
  { "cpuset-cpus", 0, VALUE, AT (cpuset_cpus), 0 },
  { "cpuset-mems", 0, VALUE, AT (cpuset_mems), 0 },
  { "pids-limit", 0, VALUE, AT (pids_limit), 0 },
  { "blkio-weight", 0, VALUE, AT (block_weight), 0 },
  /* There is no subreaper to leave out; the new session keyring costs nothing that an engine would have to save. */
  { "no-subreaper", 0, IGNORED, 0, 0 },
  { "no-new-keyring", 0, IGNORED, 0, 0 },
};

struct words
{
  char **items;
  int count, next;
};

static const struct option *
find_option (const struct option *table, size_t length, const char *word, size_t *name_length)
{
  const char *name = word + 1 + (word[1] == '-');

  *name_length = word[1] == '-' ? strcspn (name, "=") : 1;
  for (size_t i = 0; i < length; i++)
    if (word[1] == '-' ? strlen (table[i].name) == *name_length && strncmp (table[i].name, name, *name_length) == 0
                       : table[i].letter && table[i].letter == *name && !name[1])
      return &table[i];
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
take_option (const struct option *option, const char *attached, struct words *words, struct command_options *options,
             struct tss_error *error)
{
  const bool on = true;

  if (option->kind == FLAG || option->kind == IGNORED)
    {
      if (attached && strcmp (attached, "true") != 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, option->name, "--%s takes no value", option->name);
      if (option->kind == FLAG)
        memcpy ((char *)options + option->offset, &on, sizeof on);
      return 0;
    }
  if (!attached && words->next == words->count)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, option->name, "--%s needs a value", option->name);
  return take_value (option, attached ? attached : words->items[words->next++], options, error);
}

/* Takes options until a word that is none. */
static int
take_options (const struct option *table, size_t length, struct words *words, struct command_options *options,
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
      option = find_option (table, length, word, &name_length);
      if (!option)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, word, "unknown option %s", word);
      word += word[1] == '-' ? 2 + name_length : 2;
      if (take_option (option, *word == '=' ? word + 1 : NULL, words, options, error) < 0)
        return -1;
    }
  return 0;
}

int
command_options_parse (int count, char **words, struct command_options *options, const char **command,
                       struct tss_error *error)
{
  struct words rest = { .items = words, .count = count, .next = 1 };

  *options = (struct command_options){ .root = COMMAND_DEFAULT_ROOT };
  *command = NULL;
  if (take_options (options_before, TSS_LENGTH (options_before), &rest, options, error) < 0)
    return -1;
  if (rest.next < rest.count)
    {
      *command = rest.items[rest.next++];
      if (take_options (options_after, TSS_LENGTH (options_after), &rest, options, error) < 0)
        return -1;
    }
  options->arguments = rest.items + rest.next;
  options->argument_count = rest.count - rest.next;
  return 0;
}
