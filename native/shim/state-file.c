/* The state on disk, checksummed and with its predecessor. */
#include "state-file.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define CHECKSUM_FORMAT ",\"checksum\":\"%08lx\"}"

enum
{
  CHECKSUM_LENGTH = 24 /* of that text, with its NUL */
};

/* The last member is the CRC-32 of all the bytes before its comma. A shell and a JSON parser can still read the file.
 */
static char *
format (const json_t *object)
{
  tss_autofree char *text = tss_json_format (object);
  size_t length = text ? strlen (text) - 1 : 0; /* without the closing brace */
  char *result = text ? malloc (length + CHECKSUM_LENGTH) : NULL;

  if (!result)
    return NULL;
  memcpy (result, text, length);
  snprintf (result + length, CHECKSUM_LENGTH, CHECKSUM_FORMAT, crc32 (0, (const Bytef *)text, (uInt)length));
  return result;
}

static int
write_new (const char *path, const char *text)
{
  tss_autofd int fd = TSS_RETRY (open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));

  return fd < 0 ? -1 : tss_write_all (fd, text, strlen (text));
}

/* The exchange puts the new file in place and the old one aside in one step. Where there is no old one, or the file
 * system cannot exchange, there is no predecessor. */
static int
put_in_place (const char *new_path, const char *path, const char *previous)
{
  if (renameat2 (AT_FDCWD, new_path, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
    return rename (new_path, previous);
  return rename (new_path, path);
}

static bool
make_name (char name[PATH_MAX], const char *path, const char *suffix)
{
  return (size_t)snprintf (name, PATH_MAX, "%s%s", path, suffix) < PATH_MAX;
}

int
state_file_write (const json_t *object, const char *path, struct tss_error *error)
{
  tss_autofree char *text = format (object);
  char new_path[PATH_MAX], previous[PATH_MAX];

  if (!text)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, path, "write the state to %s", path);
  if (!make_name (new_path, path, ".new") || !make_name (previous, path, ".previous"))
    return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, path, "write the state to %s", path);
  if (write_new (new_path, text) == 0 && put_in_place (new_path, path, previous) == 0)
    return 0;
  tss_error_set (error, TSS_ERROR_IO, errno, path, "write the state to %s", path);
  unlink (new_path);
  return -1;
}

void
state_file_remove (const char *path)
{
  static const char *const suffixes[] = { "", ".new", ".previous" };
  char name[PATH_MAX];

  for (size_t i = 0; i < TSS_LENGTH (suffixes); i++)
    if (make_name (name, path, suffixes[i]))
      unlink (name);
}
