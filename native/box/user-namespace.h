/* The container's user namespace: made with its maps or joined, before everything else that belongs to it.
 *
 * A user namespace needs a process to be made and given its maps by somebody outside: a short-lived one is, and the
 * namespace is kept by a descriptor. It is then entered like one that existed already. */
#ifndef TSSTACK_BOX_USER_NAMESPACE_H
#define TSSTACK_BOX_USER_NAMESPACE_H

#include "id-map.h"

/* Makes a user namespace with these maps. Returns its descriptor. */
int box_user_namespace_make (int proc, const struct box_id_maps *maps, struct tss_error *error);

/* Opens that at PATH. Its maps go to PRESENT, and must agree with what WANTED says. */
int box_user_namespace_open (int proc, const char *path, const struct box_id_maps *wanted, struct box_id_maps *present,
                             struct tss_error *error);

/* Makes the calling process root of the namespace. What it could do on the host is over with that. */
int box_user_namespace_enter (int user_namespace, struct tss_error *error);

/* The rest of that, for a process which has joined the namespace already. */
int box_user_namespace_become_root (struct tss_error *error);

#endif
