/* The state on disk: read by the next daemon when this shim has gone, however it went (docs/native.md, section 3). */
#ifndef TSSTACK_SHIM_STATE_FILE_H
#define TSSTACK_SHIM_STATE_FILE_H

#include "../common/error.h"

#include <jansson.h>

/* Makes the object's text with its checksum the content of PATH and keeps what was there as PATH.previous. Whoever
 * looks at any moment finds one of them whole. */
int state_file_write (const json_t *object, const char *path, struct tss_error *error);

/* Removes all that state_file_write may have made. */
void state_file_remove (const char *path);

#endif
