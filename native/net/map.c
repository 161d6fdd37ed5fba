#include "map.h"
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map_entry
{
  struct map_entry *next;
  uint64_t hash;
  void *value;
  char key[];
};

/* FNV-1a. Keys come from the agent, not from containers, so that nobody can craft collisions. */
static uint64_t
hash_of (const char *key)
{
  uint64_t hash = 0xcbf29ce484222325u;
  for (; *key != '\0'; key++)
    hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
  return hash;
}

static struct map_entry **
find (const struct map *map, const char *key, uint64_t hash)
{
  struct map_entry **slot = &map->buckets[hash & (map->bucket_count - 1)];
  while (*slot != NULL && ((*slot)->hash != hash || strcmp ((*slot)->key, key) != 0))
    slot = &(*slot)->next;
  return slot;
}

static void
grow (struct map *map)
{
  size_t new_count = map->bucket_count == 0 ? 8 : map->bucket_count * 2;
  struct map_entry **buckets = memory_allocate (new_count * sizeof *buckets);
  for (size_t i = 0; i < map->bucket_count; i++)
    for (struct map_entry *entry = map->buckets[i], *next; entry != NULL; entry = next)
      {
        next = entry->next;
        struct map_entry **slot = &buckets[entry->hash & (new_count - 1)];
        entry->next = *slot;
        *slot = entry;
      }
  free (map->buckets);
  map->buckets = buckets;
  map->bucket_count = new_count;
}

void *
map_get (const struct map *map, const char *key)
{
  if (map->count == 0)
    return NULL;
  const struct map_entry *entry = *find (map, key, hash_of (key));
  return entry == NULL ? NULL : entry->value;
}

void *
map_set (struct map *map, const char *key, void *value)
{
  if (map->count >= map->bucket_count)
    grow (map);
  uint64_t hash = hash_of (key);
  struct map_entry **slot = find (map, key, hash);
  if (*slot != NULL)
    {
      void *previous = (*slot)->value;
      (*slot)->value = value;
      return previous;
    }
  size_t length = strlen (key) + 1;
  struct map_entry *entry = memory_allocate (sizeof *entry + length);
  memcpy (entry->key, key, length);
  entry->hash = hash;
  entry->value = value;
  *slot = entry;
  map->count++;
  return NULL;
}

void *
map_remove (struct map *map, const char *key)
{
  if (map->count == 0)
    return NULL;
  struct map_entry **slot = find (map, key, hash_of (key));
  struct map_entry *entry = *slot;
  if (entry == NULL)
    return NULL;
  void *value = entry->value;
  *slot = entry->next;
  free (entry);
  map->count--;
  return value;
}

void
map_each (struct map *map, void (*function) (const char *key, void *value, void *context), void *context)
{
  for (size_t i = 0; i < map->bucket_count; i++)
    for (struct map_entry *entry = map->buckets[i], *next; entry != NULL; entry = next)
      {
        next = entry->next;
        function (entry->key, entry->value, context);
      }
}

void
map_clear (struct map *map, void (*free_value) (void *value))
{
  for (size_t i = 0; i < map->bucket_count; i++)
    for (struct map_entry *entry = map->buckets[i], *next; entry != NULL; entry = next)
      {
        next = entry->next;
        if (free_value != NULL)
          free_value (entry->value);
        free (entry);
      }
  free (map->buckets);
  *map = (struct map){ 0 };
}
