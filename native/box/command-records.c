/* What is remembered of containers between calls. */
#include "command-records.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char state_file[] = "state.json";

/* Ids become file names. The set of characters is that of the other runtimes. */
static int
check_id (const char *id, struct tss_error *error)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

  if (*id && strlen (id) <= 255 && id[strspn (id, allowed)] == '\0' && strcmp (id, ".") != 0 && strcmp (id, "..") != 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "id",
                        "container id \"%s\": only letters, digits and _+-. are allowed", id);
}

static int
name_record (const struct command_options *options, const char *id, struct command_record *record,
             struct tss_error *error)
{
  *record = (struct command_record){ 0 };
  if (check_id (id, error) < 0)
    return -1;
  /* Cut short it would be that of another container. */
  if ((size_t)snprintf (record->directory, sizeof record->directory, "%s/%s", options->root, id)
      >= sizeof record->directory)
    return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "root", "--root: name the container %s", id);
  snprintf (record->start_socket, sizeof record->start_socket, "%s/start.sock", record->directory);
  return 0;
}

int
command_record_make (const struct command_options *options, const char *id, struct command_record *record,
                     struct tss_error *error)
{
  if (name_record (options, id, record, error) < 0)
    return -1;
  if (tss_make_directories (options->root, 0711) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, options->root, "make %s", options->root);
  if (mkdir (record->directory, 0700) == 0)
    return 0;
  if (errno == EEXIST)
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, record->directory, "container %s already exists", id);
  return tss_error_set (error, TSS_ERROR_IO, errno, record->directory, "make %s", record->directory);
}

/* WRITE is tss_replace_file_at or tss_write_new_file_at. */
static int
write_json (const struct command_record *record, const char *name, const json_t *value,
            typeof (tss_replace_file_at) write, struct tss_error *error)
{
  char path[sizeof record->directory + 32];
  tss_autofree char *text = tss_json_format (value);

  snprintf (path, sizeof path, "%s/%s", record->directory, name);
  if (!text || write (AT_FDCWD, path, text, strlen (text), 0600) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "write %s", path);
  return 0;
}

static json_t *
created_at (void)
{
  struct timespec now;
  struct tm parts;
  char text[64], whole[96];

  clock_gettime (CLOCK_REALTIME, &now);
  gmtime_r (&now.tv_sec, &parts);
  strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf (whole, sizeof whole, "%s.%09ldZ", text, now.tv_nsec);
  return json_string (whole);
}

/* Where the root is on the host; NULL for a path that does not exist. */
static json_t *
find_root (const char *bundle, const json_t *spec)
{
  const char *path = json_string_value (json_object_get (json_object_get (spec, "root"), "path"));
  char joined[PATH_MAX], resolved[PATH_MAX];

  if (!path)
    return NULL;
  if (*path == '/')
    snprintf (joined, sizeof joined, "%s", path);
  else
    snprintf (joined, sizeof joined, "%s/%s", bundle, path);
  return realpath (joined, resolved) ? json_string (resolved) : NULL;
}

/* Whether more is to be done after the container has been made than its record says: hooks, and to hand over who is
 * asked about system calls. Most containers have neither. */
static bool
is_needed_later (const json_t *spec)
{
  const json_t *seccomp = json_object_get (json_object_get (spec, "linux"), "seccomp");

  return json_object_size (json_object_get (spec, "hooks")) > 0 || json_object_get (seccomp, "listenerPath");
}

int
command_record_save_spec (const struct command_record *record, const json_t *spec, struct tss_error *error)
{
  return write_json (record, "config.json", spec, tss_replace_file_at, error);
}

int
command_record_prepare (struct command_record *record, const char *id, const char *bundle, const json_t *spec,
                        const struct box_container *container, struct tss_error *error)
{
  json_t *saved = box_save (container, error);
  json_t *annotations = json_object_get (spec, "annotations");

  if (!saved)
    return -1;
  record->state = json_pack ("{s:s, s:s, s:o*, s:o, s:o, s:b, s:O*}", "id", id, "bundle", bundle, "rootfs",
                             find_root (bundle, spec), "created", created_at (), "box", saved, "needsSpec",
                             is_needed_later (spec), "annotations", annotations);
  if (!record->state)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, id, "remember the container");
  return write_json (record, state_file, record->state, tss_write_new_file_at, error);
}

int
command_record_publish (const struct command_record *record, struct tss_error *error)
{
  char path[sizeof record->directory + 32];

  snprintf (path, sizeof path, "%s/%s", record->directory, state_file);
  if (tss_use_new_file_at (AT_FDCWD, path) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "write %s", path);
  return 0;
}

/* A config.json with a filter of system calls takes a while to read. */
static bool
needs_spec (const struct command_record *record, enum command_spec_need need)
{
  return need == COMMAND_SPEC_WHOLE
         || (need == COMMAND_SPEC_IF_NEEDED && !json_is_false (json_object_get (record->state, "needsSpec")));
}

int
command_record_load (const struct command_options *options, const char *id, enum command_spec_need need,
                     struct command_record *record, struct tss_error *error)
{
  char path[sizeof record->directory + 32];
  tss_autojson json_t *spec = NULL;
  const struct box_warner warner = command_warner (options);

  if (name_record (options, id, record, error) < 0)
    return -1;
  snprintf (path, sizeof path, "%s/%s", record->directory, state_file);
  record->state = tss_json_load_file (path, error);
  if (!record->state)
    {
      if (error->code == TSS_ERROR_NOT_FOUND)
        tss_error_set (error, TSS_ERROR_NOT_FOUND, 0, record->directory, "container %s does not exist", id);
      return -1;
    }
  snprintf (path, sizeof path, "%s/config.json", record->directory);
  if (needs_spec (record, need) && !(spec = tss_json_load_file (path, error)))
    {
      /* The container itself does exist. */
      if (error)
        error->code = TSS_ERROR_IO;
      return -1;
    }
  return box_load (json_object_get (record->state, "box"), spec, &warner, &record->container, error);
}

const char *
command_record_status (const struct command_record *record)
{
  if (!box_is_alive (record->container))
    return "stopped";
  if (access (record->start_socket, F_OK) == 0)
    return "created";
  return box_is_frozen (record->container) ? "paused" : "running";
}

int
command_record_remove (const struct command_record *record, struct tss_error *error)
{
  /* With those that a killed command has not finished. What a second attempt needs goes last. */
  static const char *const files[] = { "start.sock", "config.json.new", "state.json.new", "config.json", "state.json" };

  for (size_t i = 0; i < TSS_LENGTH (files); i++)
    {
      char path[sizeof record->directory + 32];

      snprintf (path, sizeof path, "%s/%s", record->directory, files[i]);
      if (unlink (path) < 0 && errno != ENOENT)
        return tss_error_set (error, TSS_ERROR_IO, errno, path, "remove %s", path);
    }
  if (rmdir (record->directory) < 0 && errno != ENOENT)
    return tss_error_set (error, TSS_ERROR_IO, errno, record->directory, "remove %s", record->directory);
  return 0;
}

void
command_record_free (struct command_record *record)
{
  json_decref (record->state);
  if (record->container)
    box_forget (record->container);
  record->state = NULL;
  record->container = NULL;
}
