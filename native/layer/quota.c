/* Project quotas: a directory has the number of a project, which what is made below it inherits, and the file system
 * counts and limits what a project takes (quotactl(2), ioctl_xfs_fsgetxattr(2)). */
#include "quota.h"

#include "../common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  /* Where the numbers of our projects begin ("ts" and zeros): administrators and other engines count from 1. */
  FIRST_PROJECT = 0x74730000,
  /* The unit of limits. */
  BYTES_PER_BLOCK = 512
};

/* By a descriptor, which takes no path of a device: since Linux 5.14. */
static int
control_quota (int directory, int command, uint32_t project, struct fs_disk_quota *quota)
{
  return (int)syscall (SYS_quotactl_fd, directory, QCMD (command, PRJQUOTA), project, quota);
}

static int
fail (struct tss_error *error, const char *path, const char *what)
{
  return tss_error_set (error, TSS_ERROR_IO, errno, path, "%s %s: a limit needs project quotas of its file system",
                        what, path);
}

static int
read_project (int directory, uint32_t *project)
{
  struct fsxattr attributes;

  if (ioctl (directory, FS_IOC_FSGETXATTR, &attributes) < 0)
    return -1;
  *project = attributes.fsx_xflags & FS_XFLAG_PROJINHERIT ? attributes.fsx_projid : 0;
  return 0;
}

/* The project that begins at DIRECTORY; 0: none. One that its parent has as well is inherited: somebody else limits all
 * that lies there, and that limit is not ours to change. */
static int
read_own_project (int directory, uint32_t *project)
{
  tss_autofd int parent = openat (directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  uint32_t inherited = 0;

  if (parent < 0 || read_project (directory, project) < 0)
    return -1;
  /* The parent of a mount point may be on a file system without projects. */
  if (read_project (parent, &inherited) == 0 && inherited == *project)
    *project = 0;
  return 0;
}

static int
join_project (int directory, uint32_t project)
{
  struct fsxattr attributes;

  if (ioctl (directory, FS_IOC_FSGETXATTR, &attributes) < 0)
    return -1;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  attributes.fsx_projid = project;
  return ioctl (directory, FS_IOC_FSSETXATTR, &attributes);
}

/* The lowest number that nothing on the file system has. A limit that is left of what is gone does not count. */
static int
find_free_project (int directory, uint32_t *project)
{
  for (uint32_t candidate = FIRST_PROJECT;; candidate++)
    {
      struct fs_disk_quota quota = { 0 };

      if (control_quota (directory, Q_XGETNEXTQUOTA, candidate, &quota) < 0)
        {
          if (errno != ENOENT && errno != ESRCH)
            return -1;
          quota.d_id = UINT32_MAX;
        }
      if (quota.d_id != candidate || quota.d_icount == 0)
        {
          *project = candidate;
          return 0;
        }
    }
}

static int
set_limit (int directory, uint32_t project, uint64_t bytes)
{
  uint64_t blocks = bytes / BYTES_PER_BLOCK + (bytes % BYTES_PER_BLOCK > 0);
  struct fs_disk_quota quota = {
    .d_version = FS_DQUOT_VERSION,
    .d_flags = FS_PROJ_QUOTA,
    .d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT,
    .d_id = project,
    .d_blk_hardlimit = blocks,
    .d_blk_softlimit = blocks,
  };

  return control_quota (directory, Q_XSETQLIM, project, &quota);
}

/* One directory: the first one has or finds the number, the others join. */
static int
limit_one (const char *path, uint64_t bytes, uint32_t *project, struct tss_error *error)
{
  tss_autofd int directory = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  uint32_t own = 0;

  if (directory < 0)
    return tss_error_set (error, errno == ENOENT ? TSS_ERROR_NOT_FOUND : TSS_ERROR_IO, errno, path, "open %s", path);
  if (read_own_project (directory, &own) < 0)
    return fail (error, path, "read the project of");
  /* Nothing to take away. */
  if (bytes == 0 && own == 0)
    return 0;
  if (*project == 0)
    *project = own;
  if (*project == 0 && find_free_project (directory, project) < 0)
    return fail (error, path, "find a project for");
  /* A crash between the two leaves a number that is in use and no limit: the next try finds it. */
  if (own != *project && join_project (directory, *project) < 0)
    return fail (error, path, "set the project of");
  if (set_limit (directory, *project, bytes) < 0)
    return fail (error, path, "limit");
  return 0;
}

int
layer_limit (const char *directory, const char *const *paths, uint64_t bytes, uint32_t *project,
             struct tss_error *error)
{
  tss_autofd int lock = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (lock < 0 || flock (lock, LOCK_EX) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, directory, "lock %s", directory);
  *project = 0;
  for (size_t i = 0; paths[i]; i++)
    if (limit_one (paths[i], bytes, project, error) < 0)
      return -1;
  return 0;
}
