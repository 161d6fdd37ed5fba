/* Typed access to JSON objects with errors that name the field. */
#include "json.h"
#include "cleanup.h"
#include "file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

/* A whole spec is some hundred KiB at most; what is larger is not meant for us and need not fill the memory. */
enum
{
  MAX_FILE = 16 << 20
};

int
tss_json_refuse (const char *where, const char *key, struct tss_error *error, const char *format, ...)
{
  char path[sizeof error->path], reason[sizeof error->message];
  va_list arguments;

  snprintf (path, sizeof path, "%s%s%s", where, *where && *key ? "." : "", key);
  va_start (arguments, format);
  vsnprintf (reason, sizeof reason, format, arguments);
  va_end (arguments);
  return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s: %s", path, reason);
}

static int
wrong_type (const char *where, const char *key, const char *expected, struct tss_error *error)
{
  return tss_json_refuse (where, key, error, "expected %s", expected);
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
tss_json_need_uint (const json_t *object, const char *key, const char *where, uint64_t maximum, uint64_t *result,
                    struct tss_error *error)
{
  if (!json_is_integer (json_object_get (object, key)))
    return wrong_type (where, key, "a whole number", error);
  return tss_json_get_uint (object, key, where, maximum, result, error);
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
      {
        char member[128];

        snprintf (member, sizeof member, "%s[%zu]", key, i);
        return wrong_type (where, member, "a string", error);
      }
  *result = tss_steal_pointer (&strings);
  return 0;
}

/* Writes the number at TEXT, of DIGITS digits, as the signed one with the same bits when it is too large for a signed
 * one. */
static void
copy_number (FILE *copy, const char *text, size_t digits, bool negative)
{
  unsigned long long number;

  errno = 0;
  number = strtoull (text, NULL, 10);
  if (errno == 0 && number > INT64_MAX && !negative && strcspn (text + digits, ".eE") > 0)
    fprintf (copy, "%lld", (long long)number);
  else
    fwrite (text, 1, digits, copy);
}

/* The runtime spec has unsigned 64-bit numbers, of which the JSON reader refuses the upper half. */
static char *
wrap_large_numbers (const char *text)
{
  char *result = NULL;
  size_t size;
  FILE *copy = open_memstream (&result, &size);
  bool in_string = false;

  for (const char *cursor = text; copy && *cursor;)
    {
      size_t digits = in_string ? 0 : strspn (cursor, "0123456789");

      if (digits > 0)
        copy_number (copy, cursor, digits, cursor > text && cursor[-1] == '-');
      else
        {
          digits = in_string && *cursor == '\\' && cursor[1] ? 2 : 1;
          in_string ^= *cursor == '"';
          fwrite (cursor, 1, digits, copy);
        }
      cursor += digits;
    }
  if (copy)
    fclose (copy);
  return result;
}

char *
tss_json_format (const json_t *value)
{
  /* Most fits, and to measure first would take as long as to write. */
  size_t room = 16384, size = 0;
  tss_autofree char *text = NULL;

  do
    {
      if (size >= room)
        room = size + 1;
      free (text);
      text = malloc (room);
      size = text ? json_dumpb (value, text, room - 1, JSON_COMPACT) : 0;
    }
  while (size >= room);
  if (size == 0)
    return NULL;
  text[size] = '\0';
  return tss_steal_pointer (&text);
}

/* Jansson itself would open /dev/urandom for the seed of its tables. Only the first one counts. */
static void
seed_tables (void)
{
  static bool seeded;
  size_t seed;

  if (!seeded && getrandom (&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed)
    json_object_seed (seed);
  seeded = true;
}

json_t *
tss_json_parse (const char *text, const char *name, struct tss_error *error)
{
  json_error_t parse_error;
  json_t *value;

  seed_tables ();
  value = json_loads (text, JSON_REJECT_DUPLICATES, &parse_error);

  if (!value && json_error_code (&parse_error) == json_error_numeric_overflow)
    {
      tss_autofree char *wrapped = wrap_large_numbers (text);

      value = wrapped ? json_loads (wrapped, JSON_REJECT_DUPLICATES, &parse_error) : NULL;
    }
  /* Without memory the parser gives up without a word. */
  if (!value && parse_error.text[0] == '\0')
    tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, name, "read %s", name);
  else if (!value)
    tss_error_set (error, TSS_ERROR_INVALID, 0, name, "%s:%d:%d: %s", name, parse_error.line, parse_error.column,
                   parse_error.text);
  return value;
}

json_t *
tss_json_load_fd (int fd, const char *name, struct tss_error *error)
{
  size_t size = 0;
  tss_autofree char *text = tss_read_all (fd, MAX_FILE, &size);

  if (!text)
    tss_error_set (error, TSS_ERROR_IO, errno, name, "read %s", name);
  else if (strlen (text) != size)
    tss_error_set (error, TSS_ERROR_INVALID, 0, name, "%s: has a zero byte at offset %zu", name, strlen (text));
  else
    return tss_json_parse (text, name, error);
  return NULL;
}

json_t *
tss_json_load_file (const char *path, struct tss_error *error)
{
  /* A named pipe that nobody writes to would be waited for without end; it has nothing to read instead. */
  tss_autofd int fd = TSS_RETRY (open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));

  if (fd >= 0 && fcntl (fd, F_SETFL, O_RDONLY) == 0)
    return tss_json_load_fd (fd, path, error);
  tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "open %s", path);
  return NULL;
}
