/* Flags and propagation of mounts that exist already. */
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

static const struct
{
  unsigned long flag; /* for mount(2) */
  uint64_t attribute; /* for mount_setattr(2) */
} attributes[] = {
  { MS_RDONLY, MOUNT_ATTR_RDONLY },
  { MS_NOSUID, MOUNT_ATTR_NOSUID },
  { MS_NODEV, MOUNT_ATTR_NODEV },
  { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
  { MS_NOATIME, MOUNT_ATTR_NOATIME },
  { MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
  { MS_RELATIME, MOUNT_ATTR_RELATIME },
  { MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
  { MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
};

enum
{
  ATIME = MS_NOATIME | MS_RELATIME | MS_STRICTATIME
};

static uint64_t
to_attributes (unsigned long flags)
{
  uint64_t result = 0;

  for (size_t i = 0; i < TSS_LENGTH (attributes); i++)
    if (flags & attributes[i].flag)
      result |= attributes[i].attribute;
  return result;
}

/* Before Linux 5.12: a remount sets all flags of a mount at once, so the others have to be given as they are. */
static int
remount (int fd, unsigned long set, unsigned long cleared)
{
  static const struct
  {
    unsigned long reported, flag;
  } flags[] = { { ST_RDONLY, MS_RDONLY },    { ST_NOSUID, MS_NOSUID },   { ST_NODEV, MS_NODEV },
                { ST_NOEXEC, MS_NOEXEC },    { ST_NOATIME, MS_NOATIME }, { ST_NODIRATIME, MS_NODIRATIME },
                { ST_RELATIME, MS_RELATIME } };
  unsigned long present = 0;
  struct statvfs status;

  if (fstatvfs (fd, &status) < 0)
    return -1;
  for (size_t i = 0; i < TSS_LENGTH (flags); i++)
    if (status.f_flag & flags[i].reported)
      present |= flags[i].flag;
  if (set & ATIME)
    present &= ~(unsigned long)ATIME;
  return mount (NULL, box_fd_path (fd).text, NULL, MS_REMOUNT | MS_BIND | (present & ~cleared) | set, NULL);
}

int
box_set_mount_flags (int fd, unsigned long set, unsigned long cleared, bool recursive)
{
  struct mount_attr change = { .attr_set = to_attributes (set), .attr_clr = to_attributes (cleared) };

  if ((set | cleared) == 0)
    return 0;
  /* The kernel wants the whole choice of access times cleared before one is set. */
  if ((set | cleared) & ATIME)
    change.attr_clr |= MOUNT_ATTR__ATIME;
  change.attr_clr &= ~(change.attr_set & ~(uint64_t)MOUNT_ATTR__ATIME);
  if (mount_setattr (fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &change, sizeof change) == 0)
    return 0;
  if (errno != ENOSYS || recursive)
    return -1;
  return remount (fd, set, cleared);
}

int
box_set_propagation (int fd, unsigned long propagation)
{
  struct mount_attr change = { .propagation = propagation & ~(unsigned long)MS_REC };
  unsigned int recursive = propagation & MS_REC ? AT_RECURSIVE : 0;

  if (mount_setattr (fd, "", AT_EMPTY_PATH | recursive, &change, sizeof change) == 0)
    return 0;
  return errno == ENOSYS ? mount (NULL, box_fd_path (fd).text, NULL, propagation, NULL) : -1;
}
