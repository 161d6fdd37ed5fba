/* Copies of what has been asked for, one JSON file per object, so that a new process can take over after a crash. */
#ifndef TSSTACK_NET_STATE_H
#define TSSTACK_NET_STATE_H

#include "../common/error.h"

#include <jansson.h>

struct state
{
  int directory; /* descriptor */
  int lock;      /* held for the life of the process: one tsstack-net per state directory */
};

int state_open (struct state *state, const char *path, struct tss_error *error);
void state_close (struct state *state);

/* Files are <KIND>/<ID>.json. Writing is atomic. Not synced: the directory does not outlive a boot, and neither do the
 * objects. */
int state_write (struct state *state, const char *kind, const char *id, const json_t *value, struct tss_error *error);

/* Fails when the file is still there afterwards. */
int state_remove (struct state *state, const char *kind, const char *id, struct tss_error *error);

/* Calls FUNCTION for each file of KIND. One that holds no JSON was cut off by a full disk: it is removed, and the
 * agent's next request makes the object again. One that cannot be read is an error: what it says is still wanted. */
int state_each (struct state *state, const char *kind, void (*function) (const char *id, json_t *value, void *context),
                void *context, struct tss_error *error);

#endif
