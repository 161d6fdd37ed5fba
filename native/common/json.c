/* Typed access to JSON objects with errors that name the field. */
#include "json.h"
#include "cleanup.h"

static int
wrong_type (const char *where, const char *key, const char *expected, struct tss_error *error)
{
  char path[sizeof error->path];

  snprintf (path, sizeof path, "%s%s%s", where, *where ? "." : "", key);
  return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s: expected %s", path, expected);
}

/* The member, or NULL when it is missing or null. */
static const json_t *
find_member (const json_t *object, const char *key)
{
  const json_t *value = json_object_get (object, key);

  return json_is_null (value) ? NULL : value;
}

int
tss_json_get_string (const json_t *object, const char *key, const char *where, const char **result,
                     struct tss_error *error)
{
  const json_t *value = find_member (object, key);

  if (!value)
    return 0;
  if (!json_is_string (value))
    return wrong_type (where, key, "a string", error);
  *result = json_string_value (value);
  return 0;
}

int
tss_json_need_string (const json_t *object, const char *key, const char *where, const char **result,
                      struct tss_error *error)
{
  if (!json_is_string (json_object_get (object, key)))
    return wrong_type (where, key, "a string", error);
  return tss_json_get_string (object, key, where, result, error);
}

int
tss_json_get_bool (const json_t *object, const char *key, const char *where, bool *result, struct tss_error *error)
{
  const json_t *value = find_member (object, key);

  if (!value)
    return 0;
  if (!json_is_boolean (value))
    return wrong_type (where, key, "true or false", error);
  *result = json_is_true (value);
  return 0;
}

int
tss_json_get_int64 (const json_t *object, const char *key, const char *where, int64_t *result, struct tss_error *error)
{
  const json_t *value = find_member (object, key);

  if (!value)
    return 0;
  if (!json_is_integer (value))
    return wrong_type (where, key, "a whole number", error);
  *result = json_integer_value (value);
  return 0;
}

int
tss_json_get_uint (const json_t *object, const char *key, const char *where, uint64_t maximum, uint64_t *result,
                   struct tss_error *error)
{
  int64_t number = -1;

  if (!find_member (object, key))
    return 0;
  if (tss_json_get_int64 (object, key, where, &number, error) < 0)
    return -1;
  if (number < 0 || (uint64_t)number > maximum)
    return wrong_type (where, key, "a whole number in range", error);
  *result = (uint64_t)number;
  return 0;
}

int
tss_json_get_object (const json_t *object, const char *key, const char *where, const json_t **result,
                     struct tss_error *error)
{
  const json_t *value = find_member (object, key);

  if (!value)
    return 0;
  if (!json_is_object (value))
    return wrong_type (where, key, "an object", error);
  *result = value;
  return 0;
}

int
tss_json_get_array (const json_t *object, const char *key, const char *where, const json_t **result,
                    struct tss_error *error)
{
  const json_t *value = find_member (object, key);

  if (!value)
    return 0;
  if (!json_is_array (value))
    return wrong_type (where, key, "an array", error);
  *result = value;
  return 0;
}

int
tss_json_get_strings (const json_t *object, const char *key, const char *where, const char ***result,
                      struct tss_error *error)
{
  const json_t *array = NULL;
  tss_autofree const char **strings = NULL;
  size_t count;

  if (tss_json_get_array (object, key, where, &array, error) < 0)
    return -1;
  if (!array)
    return 0;
  count = json_array_size (array);
  strings = calloc (count + 1, sizeof *strings);
  if (!strings)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read %s", key);
  for (size_t i = 0; i < count; i++)
    if (!(strings[i] = json_string_value (json_array_get (array, i))))
      return wrong_type (where, key, "an array of strings", error);
  *result = tss_steal_pointer (&strings);
  return 0;
}

json_t *
tss_json_load_file (const char *path, struct tss_error *error)
{
  tss_autofile FILE *file = fopen (path, "re");
  json_error_t parse_error;
  json_t *value;

  if (!file)
    {
      tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "open %s", path);
      return NULL;
    }
  value = json_loadf (file, JSON_REJECT_DUPLICATES, &parse_error);
  if (!value)
    tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s:%d:%d: %s", path, parse_error.line, parse_error.column,
                   parse_error.text);
  return value;
}
