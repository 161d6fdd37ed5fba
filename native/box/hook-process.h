/* The process of one hook. Internal to hooks.c. */
#ifndef TSSTACK_BOX_HOOK_PROCESS_H
#define TSSTACK_BOX_HOOK_PROCESS_H

#include "hooks.h"

struct box_hook
{
  const char *where; /* in the spec, for messages */
  const char *path;
  const char **arguments, **environment; /* may be NULL */
  int timeout;                           /* seconds, or -1 */
};

/* Runs HOOK and waits for it. A status other than 0 is a failure; the error then has the end of what the hook said. */
int box_hook_process_run (const struct box_hook *hook, const struct box_hook_call *call, struct tss_error *error);

#endif
