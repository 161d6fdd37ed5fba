/* Typed access to JSON objects with errors that name the field. A missing or null member leaves *RESULT as it is and is
 * no error; a member of the wrong type is TSS_ERROR_INVALID with "WHERE.KEY" as path. Results are borrowed from OBJECT.
 */
#ifndef TSSTACK_COMMON_JSON_H
#define TSSTACK_COMMON_JSON_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

int tss_json_get_string (const json_t *object, const char *key, const char *where, const char **result,
                         struct tss_error *error);
int tss_json_get_bool (const json_t *object, const char *key, const char *where, bool *result, struct tss_error *error);
int tss_json_get_int64 (const json_t *object, const char *key, const char *where, int64_t *result,
                        struct tss_error *error);

/* Refuses negative numbers and numbers above MAXIMUM. */
int tss_json_get_uint (const json_t *object, const char *key, const char *where, uint64_t maximum, uint64_t *result,
                       struct tss_error *error);
int tss_json_get_object (const json_t *object, const char *key, const char *where, const json_t **result,
                         struct tss_error *error);
int tss_json_get_array (const json_t *object, const char *key, const char *where, const json_t **result,
                        struct tss_error *error);

/* An array of strings as a malloced, NULL-terminated vector of borrowed strings; NULL when the member is missing. */
int tss_json_get_strings (const json_t *object, const char *key, const char *where, const char ***result,
                          struct tss_error *error);

/* Fails with TSS_ERROR_INVALID when the member is missing or no string. */
int tss_json_need_string (const json_t *object, const char *key, const char *where, const char **result,
                          struct tss_error *error);

int tss_json_need_uint (const json_t *object, const char *key, const char *where, uint64_t maximum, uint64_t *result,
                        struct tss_error *error);

/* Fills ERROR with TSS_ERROR_INVALID for the member KEY, or for WHERE itself when KEY is empty, and returns -1. */
int tss_json_refuse (const char *where, const char *key, struct tss_error *error, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

/* VALUE as compact text, malloced; NULL without memory. json_dumps is not to be trusted there: when one of its requests
 * for memory fails and later ones do not, a text without that piece comes out. */
char *tss_json_format (const json_t *value);

/* Parses TEXT; NAME is for messages. Whole numbers from 2^63 to 2^64 - 1 come out as the negative ones with the same
 * bits. */
json_t *tss_json_parse (const char *text, const char *name, struct tss_error *error);

/* Parses a whole file like tss_json_parse; TSS_ERROR_IO when it cannot be read or is larger than 16 MiB,
 * TSS_ERROR_INVALID with line and column when it is no JSON. */
json_t *tss_json_load_file (const char *path, struct tss_error *error);

/* The same for what is open already; NAME is for messages. */
json_t *tss_json_load_fd (int fd, const char *name, struct tss_error *error);

#endif
