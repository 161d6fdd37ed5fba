/* The mounts of the spec. */
#include "../common/cleanup.h"
#include "mount-label.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Which mount it was about is said by name_mount. */
static int
fail (const struct box_mount *entry, int error_number, struct tss_error *error)
{
  return tss_error_set (error, TSS_ERROR_MOUNT, error_number, "", "%s %s on %s", entry->remount ? "remount" : "mount",
                        !entry->bind    ? entry->type
                        : entry->source ? entry->source
                                        : "it",
                        entry->destination);
}

static int
name_mount (const struct box_mount *entry, struct tss_error *error)
{
  char field[64];

  snprintf (field, sizeof field, "mounts[%zu]", entry->index);
  return tss_error_within (error, field);
}

int
box_attach_tree (int source, int target, const char *path, struct tss_error *error)
{
  if (move_mount (source, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, path, "mount on %s", path);
  return 0;
}

/* Copies are taken before the host's mounts are made private, so that "shared" and "slave" still mean the host's
 * mounts, and before anything covers the sources. Relative ones begin at the bundle. */
int
box_setup_open_sources (struct box_setup *setup, struct tss_error *error)
{
  const struct box_spec *spec = setup->spec;

  setup->sources = calloc (spec->mount_count + 1, sizeof *setup->sources);
  if (!setup->sources)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "mounts", "mounts: open the sources");
  if (chdir (setup->options->bundle) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, setup->options->bundle, "enter the bundle");
  for (size_t i = 0; i < spec->mount_count; i++)
    {
      const struct box_mount *entry = &spec->mounts[i];
      unsigned int recursive = entry->recursive ? AT_RECURSIVE : 0;

      setup->sources[i] = -1;
      if (!entry->bind || entry->remount)
        continue;
      setup->sources[i] = open_tree (AT_FDCWD, entry->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
      if (setup->sources[i] < 0)
        fail (entry, errno, error);
      if (setup->sources[i] < 0 || box_map_source_ids (setup, entry, error) < 0)
        return name_mount (entry, error);
    }
  setup->null_source = open_tree (AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (setup->null_source < 0 || box_set_propagation (setup->null_source, MS_PRIVATE) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "/dev/null", "open /dev/null");
  return 0;
}

/* A mount inside /proc could give a process false facts about itself and its rights. These files alone are replaced for
 * good reasons, by lxcfs for one. */
static bool
may_cover_proc_file (const char *destination)
{
  static const char *const files[]
      = { "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",  "/proc/stat",    "/proc/swaps",
          "/proc/uptime",  "/proc/loadavg",   "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid" };

  for (size_t i = 0; i < TSS_LENGTH (files); i++)
    if (strcmp (files[i], destination) == 0)
      return true;
  return false;
}

bool
box_is_root (const struct box_setup *setup, int target)
{
  struct statx root, other;

  return statx (setup->root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &root) == 0
         && statx (target, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &other) == 0
         && root.stx_mnt_id == other.stx_mnt_id && root.stx_ino == other.stx_ino;
}

static int
check_target (const struct box_setup *setup, const struct box_mount *entry, int target, struct tss_error *error)
{
  struct statfs status;

  if (fstatfs (target, &status) < 0)
    return fail (entry, errno, error);
  if (box_is_root (setup, target))
    return tss_error_set (error, TSS_ERROR_MOUNT, 0, "", "mount on %s: that is the root itself", entry->destination);
  if (status.f_type != PROC_SUPER_MAGIC || may_cover_proc_file (entry->destination)
      || (!entry->bind && strcmp (entry->type, "proc") == 0))
    return 0;
  return tss_error_set (error, TSS_ERROR_MOUNT, 0, entry->destination, "mount on %s: /proc may not be covered",
                        entry->destination);
}

/* proc and sysfs must really be at /proc and /sys: an image with a symlink there would have what is masked or read-only
 * in them elsewhere (CVE-2019-19921, CVE-2023-27561). */
static int
open_target (struct box_setup *setup, const struct box_mount *entry, bool directory, struct tss_error *error)
{
  bool strict = !entry->bind && (strcmp (entry->type, "proc") == 0 || strcmp (entry->type, "sysfs") == 0);
  tss_autofd int target = box_target_make (setup->root, entry->destination, directory, error);

  if (target >= 0 && strict)
    {
      tss_close (&target);
      target = box_target_open (setup->root, entry->destination, O_PATH, RESOLVE_NO_SYMLINKS);
      if (target < 0)
        return fail (entry, errno, error);
    }
  if (target < 0 || check_target (setup, entry, target, error) < 0)
    return -1;
  return tss_steal_fd (&target);
}

static int
bind_source (struct box_setup *setup, const struct box_mount *entry, struct tss_error *error)
{
  int source = setup->sources[entry->index];
  tss_autofd int target = -1;
  struct stat status;

  if (fstat (source, &status) < 0)
    return fail (entry, errno, error);
  target = open_target (setup, entry, S_ISDIR (status.st_mode), error);
  if (target < 0 || box_attach_tree (source, target, entry->destination, error) < 0)
    return -1;
  if (box_set_mount_flags (source, entry->set, entry->cleared, false) < 0
      || box_set_mount_flags (source, entry->recursive_set, entry->recursive_cleared, true) < 0
      || box_set_propagation (source, entry->propagation ? entry->propagation : MS_PRIVATE | MS_REC) < 0)
    return fail (entry, errno, error);
  return 0;
}

/* Without a mode of its own, a tmpfs takes that of the directory which it covers: /tmp stays 1777. */
static int
tmpfs_options (const struct box_mount *entry, int target, char **options)
{
  struct stat status;
  const char *data = entry->data ? entry->data : "";

  if (fstat (target, &status) < 0)
    return -1;
  return asprintf (options, "mode=%04o%s%s", status.st_mode & 07777, *data ? "," : "", data);
}

/* Path to what is now mounted on TARGET, which itself still names the directory below. */
static int
open_mounted (struct box_setup *setup, const struct box_mount *entry)
{
  return box_target_open (setup->root, entry->destination, O_PATH, 0);
}

static int
fill_tmpfs (struct box_setup *setup, const struct box_mount *entry, int target, struct tss_error *error)
{
  tss_autofd int from = openat (target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  tss_autofd int mounted = open_mounted (setup, entry);
  tss_autofd int to = mounted < 0 ? -1 : openat (mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;

  if (from < 0 || to < 0 || fstat (to, &status) < 0)
    return fail (entry, errno, error);
  if (box_copy_tree (from, to, error) < 0)
    return -1;
  /* The mode that the options ask for, over that of the image's directory. */
  return fchmod (to, status.st_mode & 07777) < 0 ? fail (entry, errno, error) : 0;
}

/* Where there is no directory for a tmpfs to cover, anybody may write to it, as the kernel and other runtimes have it.
 * The directory is made so, because it is there already when the container starts again; not in a volume of the host.
 */
static int
open_tmpfs_target (struct box_setup *setup, const struct box_mount *entry, struct tss_error *error)
{
  tss_autofd int found = box_target_open (setup->root, entry->destination, O_PATH, 0);
  tss_autofd int target = open_target (setup, entry, true, error);
  bool has_mode = entry->data && strstr (entry->data, "mode=");
  struct statx root, made;

  if (target < 0)
    return -1;
  if (found < 0 && !has_mode && statx (setup->root, "", AT_EMPTY_PATH, STATX_MNT_ID, &root) == 0
      && statx (target, "", AT_EMPTY_PATH, STATX_MNT_ID, &made) == 0 && root.stx_mnt_id == made.stx_mnt_id
      && chmod (box_fd_path (target).text, 01777) < 0)
    return fail (entry, errno, error);
  return tss_steal_fd (&target);
}

/* The options of the file system itself; *OPTIONS is malloced, or NULL. */
static int
make_options (const struct box_setup *setup, const struct box_mount *entry, int target, char **options)
{
  tss_autofree char *own = NULL;

  if (strcmp (entry->type, "tmpfs") == 0 && tmpfs_options (entry, target, &own) < 0)
    return -1;
  return box_mount_label_add (setup->spec->mount_label, entry->type, own ? own : entry->data, options);
}

static int
finish_mount (struct box_setup *setup, const struct box_mount *entry, unsigned long missing, struct tss_error *error)
{
  tss_autofd int mounted = -1;

  if (!missing && !entry->propagation && !(entry->recursive_set | entry->recursive_cleared))
    return 0;
  mounted = open_mounted (setup, entry);
  if (mounted < 0 || box_set_mount_flags (mounted, missing, 0, false) < 0
      || box_set_mount_flags (mounted, entry->recursive_set, entry->recursive_cleared, true) < 0
      || (entry->propagation && box_set_propagation (mounted, entry->propagation) < 0))
    return fail (entry, errno, error);
  return 0;
}

static int
mount_file_system (struct box_setup *setup, const struct box_mount *entry, struct tss_error *error)
{
  bool is_tmpfs = strcmp (entry->type, "tmpfs") == 0;
  tss_autofd int target = is_tmpfs ? open_tmpfs_target (setup, entry, error) : open_target (setup, entry, true, error);
  const char *source = entry->source ? entry->source : entry->type;
  /* What is filled first becomes read-only later. */
  unsigned long flags = entry->copy_up ? entry->set & ~(unsigned long)MS_RDONLY : entry->set;
  tss_autofree char *options = NULL;

  if (target < 0)
    return -1;
  if (strcmp (entry->type, "cgroup") == 0 || strcmp (entry->type, "cgroup2") == 0)
    return box_mount_cgroups (setup, entry, target, error) < 0 ? -1 : finish_mount (setup, entry, 0, error);
  if (make_options (setup, entry, target, &options) < 0
      || mount (source, box_fd_path (target).text, entry->type, flags, options) < 0)
    return fail (entry, errno, error);
  if (entry->copy_up && fill_tmpfs (setup, entry, target, error) < 0)
    return -1;
  return finish_mount (setup, entry, entry->set & ~flags, error);
}

/* A mount that is there already, of this list or of the root: flags of the mount with "bind", otherwise those of the
 * file system too. */
static int
change_mount (struct box_setup *setup, const struct box_mount *entry, struct tss_error *error)
{
  tss_autofd int target = open_mounted (setup, entry);

  if (target < 0)
    return fail (entry, errno, error);
  if (!entry->bind && mount (NULL, box_fd_path (target).text, NULL, MS_REMOUNT | entry->set, entry->data) < 0)
    return fail (entry, errno, error);
  if (entry->bind && box_set_mount_flags (target, entry->set, entry->cleared, false) < 0)
    return fail (entry, errno, error);
  return finish_mount (setup, entry, 0, error);
}

static int
perform (struct box_setup *setup, const struct box_mount *entry, struct tss_error *error)
{
  if (entry->remount)
    return change_mount (setup, entry, error);
  return entry->bind ? bind_source (setup, entry, error) : mount_file_system (setup, entry, error);
}

int
box_setup_mounts (struct box_setup *setup, struct tss_error *error)
{
  for (size_t i = 0; i < setup->spec->mount_count; i++)
    if (perform (setup, &setup->spec->mounts[i], error) < 0)
      return name_mount (&setup->spec->mounts[i], error);
  return 0;
}
