/* Who owns a container's cgroup. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup.h"

#include <fcntl.h>
#include <string.h>

/* The directory, and the files that the kernel says are for whoever a cgroup is
 * delegated to. Limits stay the host's. */
int
box_cgroup_give (const struct box_cgroup *cgroup, uid_t uid, gid_t gid, struct tss_error *error)
{
  const struct box_cgroup_directory *directory = box_cgroup_find (cgroup, "");
  tss_autofd int fd = -1;
  tss_autofree char *files = NULL;
  char *cursor, *file;

  if (!cgroup->unified || !directory)
    return 0;
  files = tss_read_file_at (AT_FDCWD, "/sys/kernel/cgroup/delegate", NULL);
  if (!files)
    return 0;
  fd = open (directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fchown (fd, uid, gid) < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "give away the cgroup %s", directory->path);
  cursor = files;
  while ((file = strsep (&cursor, "\n")))
    /* Not every kernel has every file. */
    if (*file && fchownat (fd, file, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
      return tss_error_set (error, TSS_ERROR_CGROUP, errno, directory->path, "give away %s of the cgroup %s", file,
                            directory->path);
  return 0;
}
