/* Reading the fields of a request. The caller's error names the field. */
#ifndef TSSTACK_NET_FIELDS_H
#define TSSTACK_NET_FIELDS_H

#include "../common/error.h"
#include "address.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Ids become names of files: letters, digits, '.', '_', '-', at most 128, not starting with '.'. */
int field_id (const json_t *object, const char *name, const char **id, struct tss_error *error);
int field_string (const json_t *object, const char *name, const char **text, struct tss_error *error);

/* Absolute, without "..". */
int field_path (const json_t *object, const char *name, const char **path, struct tss_error *error);

/* Name of a network interface: 1 to 15 bytes, no slash, no blank. */
int field_interface (const json_t *object, const char *name, const char **text, struct tss_error *error);
int field_integer (const json_t *object, const char *name, json_int_t least, json_int_t most, json_int_t *value,
                   struct tss_error *error);
int field_address (const json_t *object, const char *name, struct address *address, struct tss_error *error);

/* SIZE bytes as twice as many hexadecimal digits, in lower case. No error shows any of them. */
int field_bytes (const json_t *object, const char *name, uint8_t *bytes, size_t size, struct tss_error *error);

/* The array, or an error if the field is there and no array; *ARRAY is NULL for an absent or null field. */
int field_array (const json_t *object, const char *name, const json_t **array, struct tss_error *error);
int field_object (const json_t *object, const char *name, const json_t **value, struct tss_error *error);
bool field_boolean (const json_t *object, const char *name);
bool field_present (const json_t *object, const char *name);

/* Parses entry INDEX of ARRAY, which is the field NAME. */
int field_address_at (const json_t *array, size_t index, const char *name, struct address *address,
                      struct tss_error *error);

#endif
