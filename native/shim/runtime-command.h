/* One call of another OCI runtime's command line. */
#ifndef TSSTACK_SHIM_RUNTIME_COMMAND_H
#define TSSTACK_SHIM_RUNTIME_COMMAND_H

#include "../common/error.h"

enum
{
  RUNTIME_ARGUMENTS_MAX = 24
};

struct runtime_command
{
  const char *arguments[RUNTIME_ARGUMENTS_MAX]; /* the program's path first; NULL-terminated */
  const char *directory;                        /* where it runs */
  const char *log;                              /* what it was told to log to, as lines of JSON; in the directory */
  int stdio[3];                                 /* -1: /dev/null */
};

/* Runs it to its end, or kills it when that takes far too long. The error of one that fails is what its log says last.
 */
int runtime_command_run (const struct runtime_command *command, struct tss_error *error);

#endif
