/* Mutations that keep JSON valid. */
#include "json-mutator.h"
#include "../common/cleanup.h"
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum
{
  STRING_MAX = 256,
};

/* A member or an element. */
struct place
{
  json_t *parent;
  const char *key; /* of an object; else NULL */
  size_t index;
};

static json_t *
get (const struct place *place)
{
  return place->key ? json_object_get (place->parent, place->key) : json_array_get (place->parent, place->index);
}

static void
set (const struct place *place, json_t *value)
{
  if (place->key)
    json_object_set_new (place->parent, place->key, value);
  else
    json_array_set_new (place->parent, place->index, value);
}

/* Counts *REMAINING down over all places below NODE, and stops at the one where it is 0. */
static bool
find_place (json_t *node, size_t *remaining, struct place *found)
{
  const char *key;
  size_t index;
  json_t *value;

  json_object_foreach (node, key, value)
  {
    if ((*remaining)-- == 0)
      {
        *found = (struct place){ .parent = node, .key = key };
        return true;
      }
    if (find_place (value, remaining, found))
      return true;
  }
  json_array_foreach (node, index, value)
  {
    if ((*remaining)-- == 0)
      {
        *found = (struct place){ .parent = node, .index = index };
        return true;
      }
    if (find_place (value, remaining, found))
      return true;
  }
  return false;
}

static bool
choose_place (json_t *document, unsigned int *seed, struct place *found)
{
  size_t remaining = SIZE_MAX, count;

  if (find_place (document, &remaining, found))
    return false;
  count = SIZE_MAX - remaining;
  if (count == 0)
    return false;
  remaining = (size_t)rand_r (seed) % count;
  return find_place (document, &remaining, found);
}

/* Values at the edges of what fields take. */
static json_t *
make_edge (unsigned int *seed)
{
  static const char *const edges[] = { "null",
                                       "true",
                                       "false",
                                       "0",
                                       "1",
                                       "-1",
                                       "2",
                                       "255",
                                       "65536",
                                       "2147483647",
                                       "2147483648",
                                       "4294967295",
                                       "-2147483649",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "0.5",
                                       "1e300",
                                       "\"\"",
                                       "\"/\"",
                                       "\"..\"",
                                       "\"a/../../b\"",
                                       "\"/proc/self/exe\"",
                                       "[]",
                                       "{}",
                                       "[null]",
                                       "[[]]",
                                       "[\"\"]",
                                       "{\"\":\"\"}" };

  return json_loads (edges[(size_t)rand_r (seed) % TSS_LENGTH (edges)], JSON_DECODE_ANY, NULL);
}

static json_t *
mutate_string (const json_t *value, unsigned int *seed)
{
  char text[STRING_MAX];
  size_t size = json_string_length (value) < STRING_MAX ? json_string_length (value) : STRING_MAX;
  json_t *result;

  memcpy (text, json_string_value (value), size);
  size = LLVMFuzzerMutate ((uint8_t *)text, size, sizeof text);
  result = json_stringn (text, size);
  return result ? result : make_edge (seed); /* no UTF-8 */
}

static json_t *
mutate_value (const json_t *value, unsigned int *seed)
{
  if (json_is_string (value) && rand_r (seed) % 4 != 0)
    return mutate_string (value, seed);
  if (json_is_integer (value) && rand_r (seed) % 2 == 0)
    return json_integer (json_integer_value (value) ^ (json_int_t)1 << (rand_r (seed) % 63));
  return make_edge (seed);
}

static void
remove_place (const struct place *place)
{
  if (place->key)
    json_object_del (place->parent, place->key);
  else
    json_array_remove (place->parent, place->index);
}

static void
change (json_t *document, unsigned int *seed)
{
  struct place place, other;

  if (!choose_place (document, seed, &place))
    return;
  switch (rand_r (seed) % 6)
    {
    case 0:
      remove_place (&place);
      break;
    case 1: /* the same again, where it may contradict the first */
      if (!place.key)
        json_array_append_new (place.parent, json_deep_copy (get (&place)));
      else if (choose_place (document, seed, &other) && other.key)
        json_object_set_new (place.parent, other.key, json_deep_copy (get (&place)));
      break;
    case 2:
      if (choose_place (document, seed, &other))
        set (&place, json_deep_copy (get (&other)));
      break;
    default:
      set (&place, mutate_value (get (&place), seed));
    }
}

size_t
json_mutate (uint8_t *data, size_t size, size_t maximum, unsigned int seed)
{
  tss_autojson json_t *document = json_loadb ((const char *)data, size, 0, NULL);
  size_t length;

  if (!document || rand_r (&seed) % 8 == 0)
    return LLVMFuzzerMutate (data, size, maximum);
  change (document, &seed);
  length = json_dumpb (document, (char *)data, maximum, JSON_COMPACT);
  return length > 0 && length <= maximum ? length : LLVMFuzzerMutate (data, size, maximum);
}
