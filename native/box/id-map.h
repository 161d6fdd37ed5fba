/* Which ids inside a user namespace are which outside, as linux.uidMappings and /proc/PID/uid_map have it. */
#ifndef TSSTACK_BOX_ID_MAP_H
#define TSSTACK_BOX_ID_MAP_H

#include "../common/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct box_id_range
{
  uint32_t inside, outside, size;
};

struct box_id_map
{
  struct box_id_range *ranges;
  size_t count;
};

/* Both maps of a user namespace. */
struct box_id_maps
{
  struct box_id_map users, groups;
};

/* Reads uidMappings and gidMappings of OBJECT: both or none. WHERE is OBJECT's path in messages. */
int box_id_maps_parse (const json_t *object, const char *where, struct box_id_maps *maps, struct tss_error *error);
void box_id_maps_free (struct box_id_maps *maps);

/* Gives the user namespace of process PID its maps, which can be done once. */
int box_id_maps_write (int proc, pid_t pid, const struct box_id_maps *maps, struct tss_error *error);

/* Those of the user namespace of process PID, as seen from the caller's. */
int box_id_maps_read (int proc, pid_t pid, struct box_id_maps *maps, struct tss_error *error);

/* What INSIDE is outside; false when it is nothing there. */
bool box_id_map_find (const struct box_id_map *map, uint32_t inside, uint32_t *outside);

/* Whether all that WANTED says is so in PRESENT. */
bool box_id_map_agrees (const struct box_id_map *wanted, const struct box_id_map *present);

#endif
