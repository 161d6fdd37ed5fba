/* The five capability sets of a process, and the kernel calls that set them. */
#ifndef TSSTACK_BOX_CAPABILITIES_H
#define TSSTACK_BOX_CAPABILITIES_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Bit N stands for capability number N. */
struct box_capabilities
{
  uint64_t bounding, effective, inheritable, permitted, ambient;
};

/* What the calling thread holds. */
struct box_capability_state
{
  uint64_t effective, permitted, inheritable;
};

/* -1 with errno. */
int box_capability_state_get (struct box_capability_state *state);
int box_capability_state_set (const struct box_capability_state *state);

/* Number for "CAP_CHOWN" or "chown" in any case; -1 when there is no such capability. */
int box_capability_number (const char *name);

/* Name of a capability, NULL past the last one. */
const char *box_capability_name (int number);

/* Names that mean no capability, as the specification wants them: told, and left out. */
struct box_unknown_capabilities
{
  const char **names; /* malloced; the names are borrowed */
  size_t count;
};

/* process.capabilities of a spec. UNKNOWN may be NULL. */
int box_capabilities_parse (const json_t *object, const char *where, struct box_capabilities *capabilities,
                            struct box_unknown_capabilities *unknown, struct tss_error *error);

/* Every capability that the caller itself may pass on. */
struct box_capabilities box_capabilities_all (void);

/* Those of WANTED that the calling process cannot have. */
uint64_t box_capabilities_missing (const struct box_capabilities *wanted);

/* Drops from the bounding set whatever is not wanted; needs CAP_SETPCAP, so it comes before the change of user. */
int box_capabilities_limit_bounding (const struct box_capabilities *wanted, struct tss_error *error);

/* Raises all permitted capabilities to effective again, after the change of user with PR_SET_KEEPCAPS. */
int box_capabilities_raise (struct tss_error *error);

/* Final step: the four other sets, exactly as wanted within what the caller has. */
int box_capabilities_apply (const struct box_capabilities *wanted, struct tss_error *error);

#endif
