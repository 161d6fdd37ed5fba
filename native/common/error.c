/* Building and printing of struct tss_error. */
#include "error.h"
#include "cleanup.h"

#include <stdarg.h>
#include <string.h>

static const char *const code_names[] = {
  [TSS_ERROR_NONE] = "",
  [TSS_ERROR_INVALID] = "invalid",
  [TSS_ERROR_NOT_FOUND] = "not-found",
  [TSS_ERROR_EXISTS] = "exists",
  [TSS_ERROR_STATE] = "state",
  [TSS_ERROR_MOUNT] = "mount",
  [TSS_ERROR_NAMESPACE] = "namespace",
  [TSS_ERROR_CGROUP] = "cgroup",
  [TSS_ERROR_NETWORK] = "network",
  [TSS_ERROR_EXEC_NOT_FOUND] = "exec-not-found",
  [TSS_ERROR_EXEC_NOT_EXECUTABLE] = "exec-not-executable",
  [TSS_ERROR_SECCOMP] = "seccomp",
  [TSS_ERROR_USER] = "user",
  [TSS_ERROR_ID_MAP] = "id-map",
  [TSS_ERROR_IO] = "io",
  [TSS_ERROR_INTERNAL] = "internal",
};

int
tss_error_set (struct tss_error *error, enum tss_error_code code, int error_number, const char *path,
               const char *format, ...)
{
  va_list arguments;
  int length, saved = errno;

  if (!error)
    return -1;
  error->code = code;
  error->error_number = error_number;
  snprintf (error->path, sizeof error->path, "%s", path ? path : "");
  va_start (arguments, format);
  length = vsnprintf (error->message, sizeof error->message, format, arguments);
  va_end (arguments);
  if (error_number && length >= 0 && (size_t)length < sizeof error->message)
    snprintf (error->message + length, sizeof error->message - (size_t)length, ": %s", strerror (error_number));
  errno = saved;
  return -1;
}

int
tss_error_within (struct tss_error *error, const char *field)
{
  char message[sizeof error->message];

  if (!error)
    return -1;
  snprintf (message, sizeof message, "%s: %s", field, error->message);
  memcpy (error->message, message, sizeof message);
  snprintf (error->path, sizeof error->path, "%s", field);
  return -1;
}

/* A path or message cut in the middle of a character, or a file name that is no UTF-8, must not lose the whole error.
 */
static json_t *
printable_string (const char *text)
{
  char copy[sizeof ((struct tss_error *)NULL)->message];
  json_t *value = json_string (text);

  if (value)
    return value;
  snprintf (copy, sizeof copy, "%s", text);
  for (char *byte = copy; *byte; byte++)
    if ((unsigned char)*byte >= 0x80)
      *byte = '?';
  return json_string (copy);
}

json_t *
tss_error_to_json (const struct tss_error *error)
{
  return json_pack ("{s:s, s:o, s:s, s:o}", "code", tss_error_code_name (error->code), "message",
                    printable_string (error->message), "errno", tss_errno_name (error->error_number), "path",
                    printable_string (error->path));
}

const char *
tss_error_code_name (enum tss_error_code code)
{
  return (size_t)code < TSS_LENGTH (code_names) ? code_names[code] : "internal";
}

const char *
tss_errno_name (int error_number)
{
  const char *name = error_number ? strerrorname_np (error_number) : NULL;

  return name ? name : "";
}
