/* The environment of the user's program. */
#include "environment.h"
#include "../common/cleanup.h"
#include "target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* An image's /etc/passwd may be anything; a larger one is not read. */
enum
{
  MAX_PASSWD = 1 << 20
};

/* NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL */
const char *
box_find_home (char *passwd, uid_t uid)
{
  char *line;

  while ((line = strsep (&passwd, "\n")))
    {
      const char *fields[6] = { 0 };
      char *end;
      size_t count = 0;

      while (count < TSS_LENGTH (fields) && line)
        fields[count++] = strsep (&line, ":");
      if (count < TSS_LENGTH (fields) || !*fields[2])
        continue;
      if (strtoull (fields[2], &end, 10) == uid && !*end)
        return *fields[5] == '/' ? fields[5] : NULL;
    }
  return NULL;
}

static char *
read_passwd (void)
{
  tss_autofd int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  /* A fifo in its place must not hold us up. */
  tss_autofd int fd = box_target_open (root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  struct stat status;
  char *text;
  ssize_t length;

  if (fd < 0 || fstat (fd, &status) < 0 || !S_ISREG (status.st_mode) || status.st_size > MAX_PASSWD)
    return NULL;
  text = malloc ((size_t)status.st_size + 1);
  length = text ? TSS_RETRY (read (fd, text, (size_t)status.st_size)) : -1;
  if (text)
    text[length < 0 ? 0 : length] = '\0';
  return text;
}

int
box_environment_apply (const struct box_process *process, struct tss_error *error)
{
  clearenv ();
  for (const char **entry = process->environment; entry && *entry; entry++)
    /* A name without a value is nothing that a program could read. */
    if (strchr (*entry, '=') && putenv ((char *)(uintptr_t)*entry) != 0)
      return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "process.env", "process.env: set the environment");
  if (!getenv ("HOME"))
    {
      tss_autofree char *passwd = read_passwd ();
      const char *home = passwd ? box_find_home (passwd, process->uid) : NULL;

      if (setenv ("HOME", home ? home : "/", 1) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "process.env", "process.env: set HOME");
    }
  return 0;
}
