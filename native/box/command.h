/* The OCI runtime command line: options, the table of commands, and what commands share. */
#ifndef TSSTACK_BOX_COMMAND_H
#define TSSTACK_BOX_COMMAND_H

#include "box.h"
#include "state.h"

/* Which commands take an option is a set of these. */
enum
{
  COMMAND_CREATE = 1 << 0,
  COMMAND_START = 1 << 1,
  COMMAND_RUN = 1 << 2,
  COMMAND_EXEC = 1 << 3,
  COMMAND_STATE = 1 << 4,
  COMMAND_KILL = 1 << 5,
  COMMAND_DELETE = 1 << 6,
  COMMAND_LIST = 1 << 7,
  COMMAND_PS = 1 << 8,
  COMMAND_PAUSE = 1 << 9,
  COMMAND_RESUME = 1 << 10,
  COMMAND_UPDATE = 1 << 11,
  COMMAND_EVENTS = 1 << 12,
  COMMAND_FEATURES = 1 << 13,
  COMMAND_SPEC = 1 << 14,
  COMMAND_ANY = ~0,
};

/* All options of all commands; each command takes some of them. */
struct command_options
{
  /* Before the command. */
  const char *root, *log, *log_format, *rootless;
  bool debug, systemd_cgroup, version, help;
  /* After it. */
  const char *bundle, *pid_file, *console_socket, *preserve_fds, *process, *resources, *format, *cwd, *user;
  const char *cgroup, *process_label, *apparmor, *interval;
  const char *environment[64], *capabilities[64], *groups[64];
  size_t environment_count, capability_count, group_count;
  bool all, force, detach, tty, keep, quiet, no_new_privileges, no_new_keyring, no_pivot, ignore_paused, stats;
  bool rootless_spec;
  /* "update" alone. */
  const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
  const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime, *cpu_idle;
  const char *cpuset_cpus, *cpuset_mems, *pids_limit, *block_weight;
  /* What is no option: the container's id first. */
  char **arguments;
  int argument_count;
};

struct command
{
  const char *name;
  unsigned int bit;      /* COMMAND_... */
  const char *arguments; /* for the help */
  const char *summary;
  int minimum, maximum; /* number of arguments; maximum -1: any */
  /* Returns the exit status, or -1 with an error. */
  int (*run) (struct command_options *options, struct tss_error *error);
};

/* The command line, read from left to right. */
struct command_words
{
  char **items;
  int count, next;
};

/* Takes options up to the first word that is none, as a program's own options may follow: those of COMMAND, or those
 * before the command when it is NULL. */
int command_options_take (struct command_words *words, const struct command *command, struct command_options *options,
                          struct tss_error *error);

int command_create (struct command_options *options, struct tss_error *error);
int command_start (struct command_options *options, struct tss_error *error);
int command_run (struct command_options *options, struct tss_error *error);
int command_exec (struct command_options *options, struct tss_error *error);
int command_state (struct command_options *options, struct tss_error *error);
int command_kill (struct command_options *options, struct tss_error *error);
int command_delete (struct command_options *options, struct tss_error *error);
int command_list (struct command_options *options, struct tss_error *error);
int command_ps (struct command_options *options, struct tss_error *error);
int command_pause (struct command_options *options, struct tss_error *error);
int command_resume (struct command_options *options, struct tss_error *error);
int command_update (struct command_options *options, struct tss_error *error);
int command_events (struct command_options *options, struct tss_error *error);
int command_features (struct command_options *options, struct tss_error *error);
int command_spec (struct command_options *options, struct tss_error *error);

/* Prints the options that COMMAND takes, or those before the command when it is NULL. */
void command_options_print (const struct command *command);

#define COMMAND_VERSION "0.1.0"

/* Where containers are remembered when --root says nothing. */
#define COMMAND_DEFAULT_ROOT "/run/tsstack-box"

/* Fails when --log cannot be written or --log-format is none. */
int command_log_check (const struct command_options *options, struct tss_error *error);

/* Writes to standard error and, as the engine that asked wants it, to --log in --log-format. LEVEL is "error",
 * "warning" or, which is for --log alone and given with --debug, "debug". */
void command_log (const struct command_options *options, const char *level, const char *message);

/* Tells warnings to command_log. */
struct box_warner command_warner (const struct command_options *options);

/* A number of an option; the field's name is for the message. */
int command_number (const char *text, const char *field, int64_t *number, struct tss_error *error);

/* A number of bytes: 512, 512k, 512M, 1g, or -1. */
int command_size (const char *text, const char *field, int64_t *size, struct tss_error *error);

/* Whether --format asks for JSON; anything but json and table is an error, and the result then negative. */
int command_wants_json (const struct command_options *options, struct tss_error *error);

/* --preserve-fds together with what LISTEN_FDS of our environment says; 0 when neither is given. To be asked before
 * anything is opened, as all of them must be open. */
int command_preserve_fds (const struct command_options *options, int *count, struct tss_error *error);

/* Tells the process of SPEC (a spec's process object) of the descriptors that LISTEN_FDS is about. */
void command_pass_listen_fds (json_t *process);

/* Number for "TERM", "SIGTERM" or "15"; -1 when there is no such signal. */
int command_signal_number (const char *text);

/* --pid-file, when it was given. */
int command_write_pid_file (const struct command_options *options, pid_t pid, struct tss_error *error);

/* Prints JSON to standard output. */
int command_print (json_t *value, struct tss_error *error);

#endif
