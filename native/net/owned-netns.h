/* Network namespaces that belong to a user namespace, whose root has the rights over them that root of the host has
 * over others. Both are kept by bind mounts, side by side. */
#ifndef TSSTACK_NET_OWNED_NETNS_H
#define TSSTACK_NET_OWNED_NETNS_H

#include "../common/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Ids 0 to COUNT - 1 of the user namespace are FIRST and following outside. */
struct netns_users
{
  uint32_t first, count;
};

/* Reads the field "users" of REQUEST; *GIVEN tells whether there is one. */
int netns_users_parse (const json_t *request, struct netns_users *users, bool *given, struct tss_error *error);

/* Where the user namespace of the network namespace at PATH is mounted. */
struct netns_users_path
{
  char text[4096];
};
struct netns_users_path netns_users_path (const char *path);

/* Makes both and mounts the one of networks on PATH. Leaves the calling thread where it was. */
int netns_create_owned (const char *path, const struct netns_users *users, struct tss_error *error);

#endif
