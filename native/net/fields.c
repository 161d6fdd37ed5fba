#include "fields.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

static int
invalid (struct tss_error *error, const char *name, const char *expected)
{
  return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "field %s: expected %s", name, expected);
}

bool
field_present (const json_t *object, const char *name)
{
  const json_t *value = json_object_get (object, name);
  return value != NULL && !json_is_null (value);
}

int
field_string (const json_t *object, const char *name, const char **text, struct tss_error *error)
{
  *text = json_string_value (json_object_get (object, name));
  return *text == NULL ? invalid (error, name, "a string") : 0;
}

int
field_id (const json_t *object, const char *name, const char **id, struct tss_error *error)
{
  if (field_string (object, name, id, error) < 0)
    return -1;
  size_t length = strlen (*id);
  bool valid = length > 0 && length <= 128 && **id != '.';
  for (const char *at = *id; *at != '\0' && valid; at++)
    valid = isalnum ((unsigned char)*at) || strchr ("._-", *at) != NULL;
  return valid ? 0 : invalid (error, name, "an id of letters, digits, '.', '_' and '-'");
}

int
field_path (const json_t *object, const char *name, const char **path, struct tss_error *error)
{
  if (field_string (object, name, path, error) < 0)
    return -1;
  bool valid = **path == '/' && strlen (*path) < 4000 && strstr (*path, "/../") == NULL;
  return valid ? 0 : invalid (error, name, "an absolute path without ..");
}

int
field_interface (const json_t *object, const char *name, const char **text, struct tss_error *error)
{
  if (field_string (object, name, text, error) < 0)
    return -1;
  size_t length = strlen (*text);
  bool valid = length > 0 && length < IFNAMSIZ && **text != '.' && strpbrk (*text, "/: \t\n%") == NULL;
  return valid ? 0 : invalid (error, name, "an interface name of at most 15 bytes");
}

int
field_integer (const json_t *object, const char *name, json_int_t least, json_int_t most, json_int_t *value,
               struct tss_error *error)
{
  const json_t *field = json_object_get (object, name);
  *value = json_integer_value (field);
  if (json_is_integer (field) && *value >= least && *value <= most)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, name,
                        "field %s: expected a number from %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT, name,
                        least, most);
}

static int
hex_digit (char character)
{
  if (character >= '0' && character <= '9')
    return character - '0';
  return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

int
field_bytes (const json_t *object, const char *name, uint8_t *bytes, size_t size, struct tss_error *error)
{
  const char *text;
  if (field_string (object, name, &text, error) < 0)
    return -1;
  bool valid = strlen (text) == size * 2;
  for (size_t i = 0; i < size && valid; i++)
    {
      int high = hex_digit (text[2 * i]), low = hex_digit (text[2 * i + 1]);
      valid = high >= 0 && low >= 0;
      bytes[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
  if (valid)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "field %s: expected %zu hexadecimal digits", name, size * 2);
}

int
field_address (const json_t *object, const char *name, struct address *address, struct tss_error *error)
{
  const char *text;
  if (field_string (object, name, &text, error) < 0)
    return -1;
  return address_parse (text, address) ? 0 : invalid (error, name, "an IP address");
}

int
field_address_at (const json_t *array, size_t index, const char *name, struct address *address, struct tss_error *error)
{
  const char *text = json_string_value (json_array_get (array, index));
  return text != NULL && address_parse (text, address) ? 0 : invalid (error, name, "IP addresses");
}

int
field_array (const json_t *object, const char *name, const json_t **array, struct tss_error *error)
{
  *array = field_present (object, name) ? json_object_get (object, name) : NULL;
  return *array == NULL || json_is_array (*array) ? 0 : invalid (error, name, "an array");
}

int
field_object (const json_t *object, const char *name, const json_t **value, struct tss_error *error)
{
  *value = field_present (object, name) ? json_object_get (object, name) : NULL;
  return *value == NULL || json_is_object (*value) ? 0 : invalid (error, name, "an object");
}

bool
field_boolean (const json_t *object, const char *name)
{
  return json_is_true (json_object_get (object, name));
}
