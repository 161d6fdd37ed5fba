/* Telling whoever has started this program that it is ready or why not. */
#include "ready.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <fcntl.h>
#include <string.h>

int
ready_take_descriptor (int *fd, struct tss_error *error)
{
  const char *text = getenv (READY_VARIABLE);

  *fd = text ? atoi (text) : -1;
  unsetenv (READY_VARIABLE);
  if (*fd >= 0 && fcntl (*fd, F_SETFD, FD_CLOEXEC) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, READY_VARIABLE, "take descriptor %d of %s", *fd,
                          READY_VARIABLE);
  return 0;
}

void
ready_report (int *fd, const char *key, json_t *value)
{
  tss_autojson json_t *message = json_pack ("{s:o}", key, value);
  tss_autofree char *text = tss_json_format (message);

  if (*fd >= 0 && text)
    {
      /* Nobody listens any more when the launcher has ended; its daemon will find the socket. */
      if (tss_write_all (*fd, text, strlen (text)) == 0)
        tss_write_all (*fd, "\n", 1);
    }
  tss_close (fd);
}
