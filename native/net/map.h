/* Hash map from strings to pointers. */
#ifndef TSSTACK_NET_MAP_H
#define TSSTACK_NET_MAP_H

#include <stddef.h>

struct map_entry;

struct map
{
  struct map_entry **buckets;
  size_t bucket_count;
  size_t count;
};

/* All zero is an empty map. */
void *map_get (const struct map *map, const char *key);

/* Returns the value that was there before, or NULL. */
void *map_set (struct map *map, const char *key, void *value);
void *map_remove (struct map *map, const char *key);

/* Calls FUNCTION for each value; it may remove that value's own key and no other. */
void map_each (struct map *map, void (*function) (const char *key, void *value, void *context), void *context);

/* Frees the map; the values were freed by FUNCTION, which may be NULL. */
void map_clear (struct map *map, void (*free_value) (void *value));

#endif
