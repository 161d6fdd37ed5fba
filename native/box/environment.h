/* The environment of the user's program. */
#ifndef TSSTACK_BOX_ENVIRONMENT_H
#define TSSTACK_BOX_ENVIRONMENT_H

#include "spec.h"

/* Makes the calling process's environment that of the spec. HOME, when the spec has none, is the user's in the
 * container's /etc/passwd, or "/". Runs inside the container. */
int box_environment_apply (const struct box_process *process, struct tss_error *error);

/* The home directory of UID in the text of an /etc/passwd, which is changed; NULL when it has none. */
const char *box_find_home (char *passwd, uid_t uid);

#endif
