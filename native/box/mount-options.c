/* The words that a mount's options consist of: flags of the mount, propagation, and what the file system itself gets.
 */
#include "mount-options.h"
#include "../common/cleanup.h"
#include "../common/json.h"

#include <string.h>
#include <sys/mount.h>

struct option
{
  const char *name;
  unsigned long set, cleared;
};

/* Access times are one choice of four, so that each word clears the others. */
enum
{
  ATIME = MS_NOATIME | MS_RELATIME | MS_STRICTATIME
};

static const struct option flag_options[] = {
  { "defaults", 0, 0 },
  { "ro", MS_RDONLY, 0 },
  { "rw", 0, MS_RDONLY },
  { "nosuid", MS_NOSUID, 0 },
  { "suid", 0, MS_NOSUID },
  { "nodev", MS_NODEV, 0 },
  { "dev", 0, MS_NODEV },
  { "noexec", MS_NOEXEC, 0 },
  { "exec", 0, MS_NOEXEC },
  { "noatime", MS_NOATIME, ATIME },
  { "atime", 0, MS_NOATIME },
  { "relatime", MS_RELATIME, ATIME },
  { "norelatime", 0, MS_RELATIME },
  { "strictatime", MS_STRICTATIME, ATIME },
  { "nostrictatime", 0, MS_STRICTATIME },
  { "nodiratime", MS_NODIRATIME, 0 },
  { "diratime", 0, MS_NODIRATIME },
  { "nosymfollow", MS_NOSYMFOLLOW, 0 },
  { "symfollow", 0, MS_NOSYMFOLLOW },
  { "sync", MS_SYNCHRONOUS, 0 },
  { "async", 0, MS_SYNCHRONOUS },
  { "dirsync", MS_DIRSYNC, 0 },
  { "mand", MS_MANDLOCK, 0 },
  { "nomand", 0, MS_MANDLOCK },
  { "lazytime", MS_LAZYTIME, 0 },
  { "nolazytime", 0, MS_LAZYTIME },
  { "silent", MS_SILENT, 0 },
  { "loud", 0, MS_SILENT },
  { "iversion", MS_I_VERSION, 0 },
  { "noiversion", 0, MS_I_VERSION },
};

static const struct option propagation_options[] = {
  { "private", MS_PRIVATE, 0 },       { "rprivate", MS_PRIVATE | MS_REC, 0 },
  { "slave", MS_SLAVE, 0 },           { "rslave", MS_SLAVE | MS_REC, 0 },
  { "shared", MS_SHARED, 0 },         { "rshared", MS_SHARED | MS_REC, 0 },
  { "unbindable", MS_UNBINDABLE, 0 }, { "runbindable", MS_UNBINDABLE | MS_REC, 0 },
};

/* Flags that mount_setattr knows, and so those that can be recursive: "rro", "rnosuid" and so on. */
enum
{
  RECURSIVE = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | ATIME | MS_NODIRATIME | MS_NOSYMFOLLOW
};

static const struct option *
find_option (const struct option *table, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp (table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

unsigned long
box_propagation_flags (const char *word)
{
  const struct option *option = find_option (propagation_options, TSS_LENGTH (propagation_options), word);

  return option ? option->set : 0;
}

static void
combine (const struct option *option, unsigned long *set, unsigned long *cleared)
{
  *set = (*set & ~option->cleared) | option->set;
  *cleared = (*cleared & ~option->set) | option->cleared;
}

static bool
has_recursive_form (const struct option *option)
{
  unsigned long flags = option->set | option->cleared;

  return flags && !(flags & ~(unsigned long)RECURSIVE);
}

static bool
parse_recursive (const char *word, struct box_mount *mount)
{
  const struct option *option;

  if (word[0] != 'r')
    return false;
  option = find_option (flag_options, TSS_LENGTH (flag_options), word + 1);
  if (!option || !has_recursive_form (option))
    return false;
  combine (option, &mount->recursive_set, &mount->recursive_cleared);
  return true;
}

static const char *const special_options[] = { "bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap" };

static bool
parse_special (const char *word, struct box_mount *mount)
{
  if (strcmp (word, "bind") == 0 || strcmp (word, "rbind") == 0)
    {
      mount->bind = true;
      mount->recursive = word[0] == 'r';
    }
  else if (strcmp (word, "idmap") == 0 || strcmp (word, "ridmap") == 0)
    mount->ids = word[0] == 'r' ? BOX_MOUNT_IDS_MAPPED_RECURSIVELY : BOX_MOUNT_IDS_MAPPED;
  else if (strcmp (word, "remount") == 0)
    mount->remount = true;
  else if (strcmp (word, "tmpcopyup") == 0)
    mount->copy_up = true;
  else
    return false;
  return true;
}

static int
append_data (struct box_mount *mount, const char *word)
{
  char *joined;

  if (asprintf (&joined, "%s%s%s", mount->data ? mount->data : "", mount->data ? "," : "", word) < 0)
    return -1;
  free (mount->data);
  mount->data = joined;
  return 0;
}

int
box_mount_options_parse (const char *const *options, const char *where, struct box_mount *mount,
                         struct tss_error *error)
{
  for (; options && *options; options++)
    {
      const struct option *option = find_option (flag_options, TSS_LENGTH (flag_options), *options);
      unsigned long propagation = box_propagation_flags (*options);

      if (option)
        combine (option, &mount->set, &mount->cleared);
      else if (propagation)
        mount->propagation = propagation;
      else if (!parse_special (*options, mount) && !parse_recursive (*options, mount)
               && append_data (mount, *options) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, where, "read the mount options");
    }
  if (mount->bind && mount->data)
    return tss_json_refuse (where, "options", error, "a bind mount takes no option %s", mount->data);
  return 0;
}

int
box_mount_options_visit (int (*visit) (const char *name, void *context), void *context)
{
  int result = 0;

  for (size_t i = 0; i < TSS_LENGTH (flag_options) && result == 0; i++)
    {
      char recursive[32];

      snprintf (recursive, sizeof recursive, "r%s", flag_options[i].name);
      result = visit (flag_options[i].name, context);
      if (result == 0 && has_recursive_form (&flag_options[i]))
        result = visit (recursive, context);
    }
  for (size_t i = 0; i < TSS_LENGTH (propagation_options) && result == 0; i++)
    result = visit (propagation_options[i].name, context);
  for (size_t i = 0; i < TSS_LENGTH (special_options) && result == 0; i++)
    result = visit (special_options[i], context);
  return result;
}
