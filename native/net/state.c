#include "state.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int
state_open (struct state *state, const char *path, struct tss_error *error)
{
  if (mkdir (path, 0700) < 0 && errno != EEXIST)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "create state directory");
  state->directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (state->directory < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open state directory");
  state->lock = openat (state->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (state->lock < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open lock file");
  if (TSS_RETRY (flock (state->lock, LOCK_EX | LOCK_NB)) < 0)
    return tss_error_set (error, TSS_ERROR_EXISTS, errno, path, "lock state directory: another tsstack-net uses it");
  return 0;
}

void
state_close (struct state *state)
{
  tss_close (&state->lock);
  tss_close (&state->directory);
}

static int
open_kind (struct state *state, const char *kind, struct tss_error *error)
{
  if (mkdirat (state->directory, kind, 0700) < 0 && errno != EEXIST)
    return tss_error_set (error, TSS_ERROR_IO, errno, kind, "create state folder");
  int folder = openat (state->directory, kind, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, kind, "open state folder");
  return folder;
}

int
state_write (struct state *state, const char *kind, const char *id, const json_t *value, struct tss_error *error)
{
  char name[160];
  snprintf (name, sizeof name, "%s.json", id);
  tss_autofd int folder = open_kind (state, kind, error);
  if (folder < 0)
    return -1;
  tss_autofree char *text = tss_json_format (value);
  if (text == NULL || tss_replace_file_at (folder, name, text, strlen (text), 0600) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, name, "write state of %s %s", kind, id);
  return 0;
}

int
state_remove (struct state *state, const char *kind, const char *id, struct tss_error *error)
{
  char name[300];
  snprintf (name, sizeof name, "%s/%s.json", kind, id);
  if (unlinkat (state->directory, name, 0) < 0 && errno != ENOENT)
    return tss_error_set (error, TSS_ERROR_IO, errno, name, "remove state of %s %s", kind, id);
  return 0;
}

static int
load (int folder, const char *name, void (*function) (const char *id, json_t *value, void *context), void *context,
      struct tss_error *error)
{
  char id[256];
  size_t length = strlen (name), size = 0;
  if (*name == '.' || length < 6 || length >= sizeof id || strcmp (name + length - 5, ".json") != 0)
    return 0;
  tss_autofree char *text = tss_read_file_at (folder, name, &size);
  if (text == NULL)
    return tss_error_set (error, TSS_ERROR_IO, errno, name, "read state file %s", name);
  tss_autojson json_t *value = json_loadb (text, size, 0, NULL);
  if (value == NULL)
    {
      unlinkat (folder, name, 0);
      return 0;
    }
  memcpy (id, name, length - 5);
  id[length - 5] = '\0';
  function (id, value, context);
  return 0;
}

int
state_each (struct state *state, const char *kind, void (*function) (const char *id, json_t *value, void *context),
            void *context, struct tss_error *error)
{
  int folder = open_kind (state, kind, error);
  if (folder < 0)
    return -1;
  DIR *listing = fdopendir (folder);
  if (listing == NULL)
    {
      close (folder);
      return tss_error_set (error, TSS_ERROR_IO, errno, kind, "list state folder");
    }
  int result = 0;
  errno = 0;
  for (struct dirent *entry = readdir (listing); entry != NULL && result == 0; errno = 0, entry = readdir (listing))
    result = load (folder, entry->d_name, function, context, error);
  if (result == 0 && errno != 0)
    result = tss_error_set (error, TSS_ERROR_IO, errno, kind, "list state folder");
  closedir (listing);
  return result;
}
