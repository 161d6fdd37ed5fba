/* hooks: programs of whoever wrote the spec that run at moments of a container's life.
 *
 * Who runs them, where and when: prestart and createRuntime, the caller of box_create in its own namespaces, when the
 * first process has mounted everything and not yet left the host's root; createContainer, the first process in the
 * container's namespaces, directly afterwards; startContainer, the first process inside the container's root, with the
 * user and rights of the container's program, directly before that is executed; poststart, the caller of box_start or
 * box_release, after it has been; poststop, the caller of box_destroy, when nothing is left of the container. */
#ifndef TSSTACK_BOX_HOOKS_H
#define TSSTACK_BOX_HOOKS_H

#include "box.h"

enum box_hook_kind
{
  BOX_HOOK_PRESTART,
  BOX_HOOK_CREATE_RUNTIME,
  BOX_HOOK_CREATE_CONTAINER,
  BOX_HOOK_START_CONTAINER,
  BOX_HOOK_POSTSTART,
  BOX_HOOK_POSTSTOP,
};

/* Words for the kinds, in their order, NULL-terminated. */
const char *const *box_hook_names (void);

/* Checks the hooks of a whole spec. *HOOKS becomes the section, borrowed, or NULL. */
int box_hooks_parse (const json_t *document, const json_t **hooks, struct tss_error *error);

/* Whether there are hooks of the three kinds that run while a container is made. */
bool box_hooks_at_creation (const json_t *hooks);

struct box_hook_call
{
  const json_t *hooks; /* the section of the spec, or NULL */
  const json_t *state; /* for the hooks' standard input */
  /* Called in the hook's process before its program is executed; may be NULL. */
  int (*enter) (void *context, struct tss_error *error);
  void *context;
  /* Hears of hooks that fail, which then changes nothing. NULL: the first that fails is an error, and the last to run.
   */
  const struct box_warner *warner;
};

/* Runs the hooks of one kind, one after another, each to its end or until its time is over. */
int box_hooks_run (const struct box_hook_call *call, enum box_hook_kind kind, struct tss_error *error);

#endif
