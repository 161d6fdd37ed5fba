/* state and list: what is known of containers. */
#include "../common/cleanup.h"
#include "command-records.h"

#include <dirent.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

/* Who has made the container: a number where the host knows no name. A static program does not ask name services. */
static json_t *
describe_owner (const struct command_record *record)
{
  tss_autofile FILE *passwd = fopen ("/etc/passwd", "re");
  const struct passwd *entry;
  struct stat status;

  if (stat (record->directory, &status) < 0)
    return json_string ("");
  while (passwd && (entry = fgetpwent (passwd)))
    if (entry->pw_uid == status.st_uid)
      return json_string (entry->pw_name);
  return json_sprintf ("#%u", status.st_uid);
}

/* The state object of the runtime spec, with what other runtimes add to it. */
static json_t *
describe (const struct command_record *record)
{
  const char *status = command_record_status (record);
  bool alive = strcmp (status, "stopped") != 0;

  return json_pack ("{s:s, s:O, s:i, s:s, s:O, s:O*, s:O, s:O*, s:o*}", "ociVersion", BOX_OCI_VERSION, "id",
                    json_object_get (record->state, "id"), "pid", alive ? box_pid (record->container) : 0, "status",
                    status, "bundle", json_object_get (record->state, "bundle"), "rootfs",
                    json_object_get (record->state, "rootfs"), "created", json_object_get (record->state, "created"),
                    "annotations", json_object_get (record->state, "annotations"), "owner", describe_owner (record));
}

int
command_state (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };

  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  return command_print (describe (&record), error);
}

static void
add_container (const struct command_options *options, const char *id, json_t *list)
{
  command_autorecord record = { 0 };
  struct tss_error error = { 0 };

  if (command_record_load (options, id, COMMAND_SPEC_NONE, &record, &error) == 0)
    json_array_append_new (list, describe (&record));
  /* A container may go, or be half made, while we look. */
  else if (error.code != TSS_ERROR_NOT_FOUND)
    command_log (options, "warning", error.message);
}

/* NULL with an error. */
static json_t *
describe_all (const struct command_options *options, struct tss_error *error)
{
  DIR *directory = opendir (options->root);
  const struct dirent *entry;
  json_t *list;

  if (!directory && errno != ENOENT)
    {
      tss_error_set (error, TSS_ERROR_IO, errno, options->root, "--root: list the containers in %s", options->root);
      return NULL;
    }
  list = json_array ();
  while (directory && (entry = readdir (directory)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      add_container (options, entry->d_name, list);
  if (directory)
    closedir (directory);
  return list;
}

static const char *
text (const json_t *object, const char *key)
{
  const char *value = json_string_value (json_object_get (object, key));

  return value ? value : "";
}

static void
print_table (const json_t *list)
{
  size_t index;
  const json_t *item;

  printf ("%-24s %-8s %-8s %-40s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
  json_array_foreach (list, index, item)
      printf ("%-24s %-8lld %-8s %-40s %-30s %s\n", text (item, "id"),
              (long long)json_integer_value (json_object_get (item, "pid")), text (item, "status"),
              text (item, "bundle"), text (item, "created"), text (item, "owner"));
}

static void
print_ids (const json_t *list)
{
  size_t index;
  const json_t *item;

  json_array_foreach (list, index, item) puts (text (item, "id"));
}

int
command_list (struct command_options *options, struct tss_error *error)
{
  int wants_json = command_wants_json (options, error);
  tss_autojson json_t *list = wants_json < 0 ? NULL : describe_all (options, error);

  if (!list)
    return -1;
  if (options->quiet)
    print_ids (list);
  else if (wants_json)
    return command_print (json_incref (list), error);
  else
    print_table (list);
  return 0;
}
