/* The OCI runtime command line: options, the table of commands, and what commands share. */
#ifndef TSSTACK_BOX_COMMAND_H
#define TSSTACK_BOX_COMMAND_H

#include "box.h"
#include "state.h"

/* All options of all commands; each command takes some of them. */
struct command_options
{
  /* Before the command. */
  const char *root, *log, *log_format;
  bool debug, systemd_cgroup, version, help;
  /* After it. */
  const char *bundle, *pid_file, *console_socket, *preserve_fds, *process, *resources, *format, *cwd, *user;
  const char *rootfs;
  const char *environment[64], *capabilities[64];
  size_t environment_count, capability_count;
  bool all, force, detach, tty, keep, quiet, no_new_privileges;
  /* "update" alone. */
  const char *memory, *memory_reservation, *memory_swap, *cpu_period, *cpu_quota, *cpu_share, *cpuset_cpus,
      *cpuset_mems;
  const char *pids_limit, *block_weight;
  /* What is no option: the container's id first. */
  char **arguments;
  int argument_count;
};

struct command
{
  const char *name;
  const char *arguments; /* for the help */
  const char *summary;
  int minimum, maximum; /* number of arguments; maximum -1: any */
  /* Returns the exit status, or -1 with an error. */
  int (*run) (struct command_options *options, struct tss_error *error);
};

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
int command_features (struct command_options *options, struct tss_error *error);
int command_spec (struct command_options *options, struct tss_error *error);

/* Reads all options. Options of the command end at the first argument that is none, as a program's own options may
 * follow. */
int command_options_parse (int count, char **words, struct command_options *options, const char **command,
                           struct tss_error *error);

/* Where containers are remembered when --root says nothing. */
#define COMMAND_DEFAULT_ROOT "/run/tsstack-box"

/* Writes to standard error or, as the engine that asked wants it, to --log in --log-format. */
void command_log (const struct command_options *options, const char *level, const char *message);

/* Tells warnings to command_log. */
struct box_warner command_warner (const struct command_options *options);

/* A number of an option; the field's name is for the message. */
int command_number (const char *text, const char *field, int64_t *number, struct tss_error *error);

/* --preserve-fds, 0 when it was not given. To be asked before anything is opened, as all of them must be open. */
int command_preserve_fds (const struct command_options *options, int *count, struct tss_error *error);

/* Number for "TERM", "SIGTERM" or "15"; -1 when there is no such signal. */
int command_signal_number (const char *text);

/* --pid-file, when it was given. */
int command_write_pid_file (const struct command_options *options, pid_t pid, struct tss_error *error);

/* Prints JSON to standard output. */
int command_print (json_t *value, struct tss_error *error);

#endif
