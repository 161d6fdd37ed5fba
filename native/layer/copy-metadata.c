/* Owner, mode, times and extended attributes from one object to another. */
#include "copy-metadata.h"

#include "../common/cleanup.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/xattr.h>

enum
{
  PATH_SIZE = sizeof "/proc/self/fd//" + 3 * sizeof (int) + NAME_MAX
};

static int
attribute_failure (const char *attribute, const char *name, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_IO, errno, name, "copy attribute %s of %s", attribute, name);
}

/* File capabilities count in a user namespace only when they name its root. */
static ssize_t
give_capabilities (char *value, ssize_t size, uint32_t first_id)
{
  struct vfs_ns_cap_data data = { 0 };

  if (size != XATTR_CAPS_SZ_2 && size != XATTR_CAPS_SZ_3)
    return size;
  memcpy (&data, value, (size_t)size);
  data.magic_etc = htole32 ((le32toh (data.magic_etc) & VFS_CAP_FLAGS_MASK) | VFS_CAP_REVISION_3);
  data.rootid = htole32 (le32toh (data.rootid) + first_id);
  memcpy (value, &data, sizeof data);
  return sizeof data;
}

static int
copy_attribute (const char *from, const char *to, const char *attribute, const struct layer_pair *pair,
                struct tss_error *error)
{
  const char *name = pair->name;
  tss_autofree char *value = malloc (XATTR_SIZE_MAX);
  ssize_t size = value ? lgetxattr (from, attribute, value, XATTR_SIZE_MAX) : -1;

  if (size < 0)
    return errno == ENODATA ? 0 : attribute_failure (attribute, name, error);
  if (pair->first_id && strcmp (attribute, "security.capability") == 0)
    size = give_capabilities (value, size, pair->first_id);
  if (lsetxattr (to, attribute, value, (size_t)size, 0) == 0)
    return 0;
  /* Another file system may have no place for it; file capabilities are never lost in silence. */
  if (errno == ENOTSUP && strcmp (attribute, "security.capability") != 0)
    return 0;
  return attribute_failure (attribute, name, error);
}

static int
copy_attributes (const struct layer_pair *pair, struct tss_error *error)
{
  char from[PATH_SIZE], to[PATH_SIZE];
  tss_autofree char *names = malloc (XATTR_LIST_MAX);
  ssize_t size;

  snprintf (from, sizeof from, "/proc/self/fd/%d/%s", pair->from, pair->name);
  snprintf (to, sizeof to, "/proc/self/fd/%d/%s", pair->to, pair->name);
  size = names ? llistxattr (from, names, XATTR_LIST_MAX) : -1;
  if (size < 0)
    return names && errno == ENOTSUP ? 0 : attribute_failure ("list", pair->name, error);
  for (const char *attribute = names; attribute < names + size; attribute += strlen (attribute) + 1)
    if (strncmp (attribute, "trusted.overlay.", strlen ("trusted.overlay.")) != 0
        && copy_attribute (from, to, attribute, pair, error) < 0)
      return -1;
  return 0;
}

int
layer_copy_metadata (const struct layer_pair *pair, const struct stat *status, struct tss_error *error)
{
  const struct timespec times[2] = { status->st_atim, status->st_mtim };

  /* chown clears setuid bits and file capabilities, hence the order. Containers may use the volume that is filled: a
   * link in place of the file would lead to one of the host's. */
  if (fchownat (pair->to, pair->name, status->st_uid + pair->first_id, status->st_gid + pair->first_id,
                AT_SYMLINK_NOFOLLOW)
          < 0
      || (!S_ISLNK (status->st_mode)
          && fchmodat (pair->to, pair->name, status->st_mode & ALLPERMS, AT_SYMLINK_NOFOLLOW) < 0))
    return tss_error_set (error, TSS_ERROR_IO, errno, pair->name, "set owner and mode of %s", pair->name);
  if (copy_attributes (pair, error) < 0)
    return -1;
  if (utimensat (pair->to, pair->name, times, AT_SYMLINK_NOFOLLOW) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, pair->name, "set the times of %s", pair->name);
  return 0;
}
