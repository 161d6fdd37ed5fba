/* One error type for all native programs: what failed, why, and on which path or field. */
#ifndef TSSTACK_COMMON_ERROR_H
#define TSSTACK_COMMON_ERROR_H

#include <jansson.h>

/* The codes of docs/native.md, "Error object". */
enum tss_error_code
{
  TSS_ERROR_NONE = 0,
  TSS_ERROR_INVALID,
  TSS_ERROR_NOT_FOUND,
  TSS_ERROR_EXISTS,
  TSS_ERROR_STATE,
  TSS_ERROR_MOUNT,
  TSS_ERROR_NAMESPACE,
  TSS_ERROR_CGROUP,
  TSS_ERROR_NETWORK,
  TSS_ERROR_EXEC_NOT_FOUND,
  TSS_ERROR_EXEC_NOT_EXECUTABLE,
  TSS_ERROR_SECCOMP,
  TSS_ERROR_USER,
  TSS_ERROR_ID_MAP,
  TSS_ERROR_IO,
  TSS_ERROR_INTERNAL,
};

/* Fixed size and without pointers, so that a child can send it through a pipe as it is. */
struct tss_error
{
  enum tss_error_code code;
  int error_number; /* errno, or 0 */
  char path[256];   /* file, or field of the spec; may be empty */
  char message[512];
};

/* Fills ERROR (which may be NULL) and returns -1, so that callers can write `return tss_error_set (...)`. Leaves errno
 * alone. The text of ERROR_NUMBER, when it is not 0, is appended to the message after ": ". */
int tss_error_set (struct tss_error *error, enum tss_error_code code, int error_number, const char *path,
                   const char *format, ...) __attribute__ ((format (printf, 5, 6)));

/* Says that ERROR, which is set, is about FIELD of a document: in its path, and before its message. Returns -1. */
int tss_error_within (struct tss_error *error, const char *field);

/* {"code","message","errno","path"}; the caller owns the result. */
json_t *tss_error_to_json (const struct tss_error *error);

const char *tss_error_code_name (enum tss_error_code code);

/* Symbolic name such as "ENOENT"; "" for 0. */
const char *tss_errno_name (int error_number);

#endif
