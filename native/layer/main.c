/* tsstack-layer: unpacks, copies, removes, measures, limits, labels, syncs and mounts trees,
 * and carries files into and out of containers (docs/native.md, section
 * 7). One line of JSON on standard output tells the result or the error; the exit status is 0 or 1. */
#include "../common/cleanup.h"
#include "container-root.h"
#include "copy.h"
#include "image-view.h"
#include "insert.h"
#include "label.h"
#include "mount.h"
#include "options.h"
#include "pack.h"
#include "parents.h"
#include "quota.h"
#include "remove.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct command
{
  const char *name;
  const char *options;  /* that it takes */
  const char *required; /* of these, for the message; "" when none */
  json_t *(*run) (const struct layer_options *options, struct tss_error *error);
};

/* Far more than any real archive leaves out; a hostile one must not make a reply of gigabytes. The rest keeps the
 * default metadata, as do names that are no UTF-8. */
enum
{
  MAX_LISTED_BYTES = 1024 * 1024
};

static json_t *
list_to_json (const struct layer_path_list *list)
{
  json_t *array = json_array ();
  size_t bytes = 0;

  for (size_t i = 0; i < list->count && (bytes += strlen (list->paths[i])) < MAX_LISTED_BYTES; i++)
    {
      json_t *path = json_string (list->paths[i]);

      if (path)
        json_array_append_new (array, path);
    }
  return array;
}

/* Digits alone, up to MAXIMUM, which is less than strtoull's; NAME is the option's. */
static int
read_number (const char *name, const char *text, uint64_t maximum, uint64_t *number, struct tss_error *error)
{
  size_t digits = strspn (text, "0123456789");

  *number = strtoull (text, NULL, 10);
  if (digits == 0 || text[digits] || *number > maximum)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "--%s: %s is no whole number up to %llu", name, text,
                          (unsigned long long)maximum);
  return 0;
}

static json_t *
run_unpack (const struct layer_options *options, struct tss_error *error)
{
  struct layer_unpack_result result = { 0 };
  struct layer_expectation expected = { .diff_id = options->diff_id };
  json_t *reply = NULL;

  if (options->max_bytes && read_number ("max-bytes", options->max_bytes, INT64_MAX, &expected.max_bytes, error) < 0)
    return NULL;
  if (layer_unpack (STDIN_FILENO, options->to, &expected, &result, error) == 0)
    reply = json_pack ("{s:s, s:I, s:I, s:I, s:I, s:o}", "diffId", result.diff_id, "archiveBytes",
                       (json_int_t)result.archive_bytes, "bytes", (json_int_t)result.counts.bytes, "entries",
                       (json_int_t)result.entries, "skippedXattrs", (json_int_t)result.counts.skipped_xattrs,
                       "implicitDirectories", list_to_json (&result.implicit));
  layer_path_list_free (&result.implicit);
  return reply;
}

static json_t *
size_to_json (const struct layer_size *size)
{
  return json_pack ("{s:I, s:I}", "bytes", (json_int_t)size->bytes, "entries", (json_int_t)size->entries);
}

static json_t *
run_copy (const struct layer_options *options, struct tss_error *error)
{
  const char *const itself[] = { "/", NULL };
  struct layer_size size = { 0 };
  uint64_t first_id = 0;
  tss_autofd int to = open (options->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  tss_autofd int from = -1;

  if (options->first_id && read_number ("first-id", options->first_id, UINT32_MAX, &first_id, error) < 0)
    return NULL;
  if (to < 0)
    {
      tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, options->to,
                     "open directory %s", options->to);
      return NULL;
    }
  from = options->layers ? layer_open_image_path (options->directory, options->layers, options->from, error)
                         : layer_open_image_path (NULL, itself, options->from, error);
  if (from < 0 || layer_copy_tree (from, to, (uint32_t)first_id, &size, error) < 0)
    return NULL;
  return size_to_json (&size);
}

/* The paths come as a JSON array on standard input: there can be more of them than fit into an argument list. */
static json_t *
run_parents (const struct layer_options *options, struct tss_error *error)
{
  static const char *const none[] = { NULL };
  json_error_t syntax;
  tss_autojson json_t *paths = json_loadf (stdin, 0, &syntax);

  if (!json_is_array (paths))
    {
      tss_error_set (error, TSS_ERROR_INVALID, 0, "", "standard input is no list of paths");
      return NULL;
    }
  for (size_t i = 0; i < json_array_size (paths); i++)
    {
      const char *path = json_string_value (json_array_get (paths, i));

      if (!path)
        tss_error_set (error, TSS_ERROR_INVALID, 0, "", "standard input is no list of paths: number %zu is no string",
                       i);
      if (!path || layer_adopt_parent (options->to, options->layers ? options->layers : none, path, error) < 0)
        return NULL;
    }
  return json_object ();
}

/* Goes on after a failure, so that as much as possible is gone; the first error is told. */
static json_t *
run_remove (const struct layer_options *options, struct tss_error *error)
{
  json_int_t removed = 0;

  for (size_t i = 0; options->paths[i]; i++)
    {
      struct tss_error failure = { 0 };

      if (layer_remove (AT_FDCWD, options->paths[i], &failure) == 0)
        removed++;
      else if (error->code == TSS_ERROR_NONE)
        *error = failure;
    }
  return error->code == TSS_ERROR_NONE ? json_pack ("{s:I}", "removed", removed) : NULL;
}

/* Makes everything durable that was written to the file systems of these directories. */
static json_t *
run_sync (const struct layer_options *options, struct tss_error *error)
{
  for (size_t i = 0; options->paths[i]; i++)
    {
      tss_autofd int directory = open (options->paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

      if (directory < 0 || syncfs (directory) < 0)
        {
          tss_error_set (error, TSS_ERROR_IO, errno, options->paths[i], "sync the disk of %s", options->paths[i]);
          return NULL;
        }
    }
  return json_object ();
}

static json_t *
run_size (const struct layer_options *options, struct tss_error *error)
{
  struct layer_size size = { 0 };

  for (size_t i = 0; options->paths[i]; i++)
    if (layer_measure (options->paths[i], &size, error) < 0)
      return NULL;
  return size_to_json (&size);
}

static json_t *
run_limit (const struct layer_options *options, struct tss_error *error)
{
  uint64_t bytes;
  uint32_t project;

  if (read_number ("bytes", options->bytes, INT64_MAX, &bytes, error) < 0)
    return NULL;
  if (layer_limit (options->lock, options->paths, bytes, &project, error) < 0)
    return NULL;
  return json_pack ("{s:I}", "project", (json_int_t)project);
}

static json_t *
label_all (const struct layer_options *options, int (*label) (const char *, const char *, struct tss_error *),
           struct tss_error *error)
{
  for (size_t i = 0; options->paths[i]; i++)
    if (label (options->paths[i], options->label, error) < 0)
      return NULL;
  return json_object ();
}

static json_t *
run_label (const struct layer_options *options, struct tss_error *error)
{
  return label_all (options, layer_label, error);
}

static json_t *
run_label_once (const struct layer_options *options, struct tss_error *error)
{
  return label_all (options, layer_label_once, error);
}

static json_t *
run_mount (const struct layer_options *options, struct tss_error *error)
{
  bool mounted;

  if (layer_mount_filesystem (options->type, options->from, (const char *const *)options->options, options->to,
                              &mounted, error)
      < 0)
    return NULL;
  return json_pack ("{s:b}", "mounted", mounted);
}

static json_t *
run_mount_part (const struct layer_options *options, struct tss_error *error)
{
  return layer_mount_part (options->from, options->path, options->to, error) < 0 ? NULL : json_object ();
}

static json_t *
run_mount_image (const struct layer_options *options, struct tss_error *error)
{
  return layer_mount_image (options->directory, (const char *const *)options->layers, options->path, options->to, error)
                 < 0
             ? NULL
             : json_object ();
}

static json_t *
run_unmount (const struct layer_options *options, struct tss_error *error)
{
  for (size_t i = 0; options->paths[i]; i++)
    if (layer_unmount (options->paths[i], error) < 0)
      return NULL;
  return json_object ();
}

/* Descriptor that an archive is written to: standard output has the reply. */
enum
{
  ARCHIVE_FILENO = 3
};

static bool
follows_links (const struct layer_options *options)
{
  return options->links && strcmp (options->links, "follow") == 0;
}

static const char *
kind_of (mode_t mode)
{
  return S_ISDIR (mode) ? "directory" : S_ISLNK (mode) ? "link" : S_ISREG (mode) ? "file" : "other";
}

static json_t *
run_look (const struct layer_options *options, struct tss_error *error)
{
  char target[PATH_MAX];
  json_t *reply;
  struct stat status;
  ssize_t size = 0;
  tss_autofd int root = layer_open_container_root (options, error);
  tss_autofd int found = root < 0 ? -1 : layer_find_path (root, options->path, follows_links (options), &status, error);

  if (found < 0)
    return NULL;
  if (S_ISLNK (status.st_mode))
    size = readlinkat (found, "", target, sizeof target - 1);
  if (size < 0)
    {
      tss_error_set (error, TSS_ERROR_IO, errno, options->path, "read link %s", options->path);
      return NULL;
    }
  reply = json_pack ("{s:s, s:s%}", "kind", kind_of (status.st_mode), "target", target, (size_t)size);
  if (!reply)
    tss_error_set (error, TSS_ERROR_INVALID, EILSEQ, options->path, "link %s leads to a name that is no UTF-8",
                   options->path);
  return reply;
}

static json_t *
run_pack (const struct layer_options *options, struct tss_error *error)
{
  const struct layer_pack wanted = { .path = options->path, .name = options->name, .follow = follows_links (options) };
  tss_autofd int root = layer_open_container_root (options, error);

  return root < 0 || layer_pack (root, &wanted, ARCHIVE_FILENO, error) < 0 ? NULL : json_object ();
}

static json_t *
run_insert (const struct layer_options *options, struct tss_error *error)
{
  bool is_host = !options->pid && !options->layers;
  bool keeps_owners = options->owners && strcmp (options->owners, "archive") == 0;
  const struct layer_insert wanted = {
    .directory = is_host ? "" : options->path + strspn (options->path, "/"),
    .only = options->name,
    .keep_owners = keeps_owners,
    .drops_rights = is_host && !keeps_owners,
    .follows_links = !is_host,
  };
  uint64_t entries = 0;
  tss_autofd int root = layer_open_container_root (options, error);

  if (root >= 0 && is_host)
    {
      tss_close (&root);
      root = open (options->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (root < 0)
        tss_error_set (error, TSS_ERROR_IO, errno, options->path, "open directory %s", options->path);
    }
  if (root < 0 || layer_insert (root, &wanted, STDIN_FILENO, &entries, error) < 0)
    return NULL;
  return json_pack ("{s:I}", "entries", (json_int_t)entries);
}

/* Which container; none = the host itself. */
#define CONTAINER "pid,cgroup,directory,layer,upper,work,root,bind,at"

static const struct command commands[] = {
  { "unpack", "to,diff-id,max-bytes", "to", run_unpack },
  { "copy", "from,to,first-id,directory,layer", "from,to", run_copy },
  { "parents", "to,layer", "to", run_parents },
  { "remove", "", "", run_remove },
  { "size", "", "", run_size },
  { "sync", "", "", run_sync },
  { "limit", "lock,bytes", "lock,bytes", run_limit },
  { "label", "label", "label", run_label },
  { "label-once", "label", "label", run_label_once },
  { "mount", "to,type,from,option", "to,type,from", run_mount },
  { "mount-part", "to,from,path", "to,from,path", run_mount_part },
  { "mount-image", "to,directory,layer,path", "to,layer,path", run_mount_image },
  { "unmount", "", "", run_unmount },
  { "look", CONTAINER ",path,links", "path", run_look },
  { "pack", CONTAINER ",path,links,name", "path,name", run_pack },
  { "insert", CONTAINER ",path,name,owners", "path", run_insert },
};

static const struct command *
find_command (const char *name)
{
  for (size_t i = 0; name && i < TSS_LENGTH (commands); i++)
    if (strcmp (name, commands[i].name) == 0)
      return &commands[i];
  return NULL;
}

static bool
lacks (const struct layer_options *options, const char *required)
{
  return (strstr (required, "to") && !options->to) || (strstr (required, "from") && !options->from)
         || (strstr (required, "type") && !options->type) || (strstr (required, "path") && !options->path)
         || (strstr (required, "layer") && !options->layers) || (strstr (required, "lock") && !options->lock)
         || (strstr (required, "name") && !options->name) || (strstr (required, "label") && !options->label)
         || (strstr (required, "bytes") && !options->bytes);
}

static json_t *
run_command (char **arguments, struct tss_error *error)
{
  const struct command *command = find_command (arguments[0]);
  struct layer_options options;
  json_t *reply = NULL;

  if (!command)
    {
      tss_error_set (
          error, TSS_ERROR_INVALID, 0, arguments[0],
          "usage: tsstack-layer unpack | copy | parents | remove | size | sync | limit | label | label-once | "
          "mount | mount-part | "
          "mount-image | unmount | look | pack | insert "
          "(docs/native.md)");
      return NULL;
    }
  if (layer_options_parse (&options, arguments + 1, command->options, error) == 0)
    {
      if (lacks (&options, command->required))
        tss_error_set (error, TSS_ERROR_INVALID, 0, "", "%s needs the options %s", command->name, command->required);
      else
        reply = command->run (&options, error);
    }
  layer_options_free (&options);
  return reply;
}

/* Deep trees need one descriptor for each level. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

int
main (int argc, char **argv)
{
  struct tss_error error = { 0 };
  json_t *reply;
  bool failed;

  (void)argc;
  /* Names in pax headers are UTF-8: libarchive converts them to the character set of the locale. */
  if (!setlocale (LC_CTYPE, "C.UTF-8"))
    setlocale (LC_CTYPE, "C");
  umask (0);
  raise_descriptor_limit ();
  reply = run_command (argv + 1, &error);
  failed = !reply;
  if (failed)
    reply = json_pack ("{s:o}", "error", tss_error_to_json (&error));
  failed = json_dumpf (reply, stdout, JSON_COMPACT) < 0 || fputc ('\n', stdout) < 0 || fflush (stdout) != 0 || failed;
  json_decref (reply);
  /* Not exit: the reader thread of a failed unpack may still wait for input. */
  _exit (failed ? 1 : 0);
}
