/* Writes through the host's /proc that take effect in the calling process or its namespaces. */
#include "procfs.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "channel.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

int
box_procfs_open (struct tss_error *error)
{
  tss_autofd int proc = open ("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct statfs status;

  if (proc < 0 || fstatfs (proc, &status) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/proc", "open /proc");
  if (status.f_type != PROC_SUPER_MAGIC)
    return tss_error_set (error, TSS_ERROR_IO, 0, "/proc", "open /proc: it is no procfs");
  return tss_steal_fd (&proc);
}

/* "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/forwarding": whichever separator comes first is the one. */
static void
sysctl_path (const char *key, char *path, size_t size)
{
  bool dotted = key[strcspn (key, "./")] == '.';

  snprintf (path, size, "sys/%s", key);
  for (char *byte = path; dotted && *byte; byte++)
    if (*byte == '.')
      *byte = '/';
    else if (*byte == '/' && byte > path + 3)
      *byte = '.';
}

int
box_procfs_set_sysctls (int proc, const struct box_spec *spec, struct tss_error *error)
{
  for (size_t i = 0; i < spec->sysctl_count; i++)
    {
      const struct box_sysctl *sysctl = &spec->sysctls[i];
      char path[PATH_MAX], field[sizeof error->path];

      sysctl_path (sysctl->key, path, sizeof path);
      if (tss_write_text_at (proc, path, sysctl->value) == 0)
        continue;
      snprintf (field, sizeof field, "linux.sysctl.%s", sysctl->key);
      return tss_error_set (error, TSS_ERROR_INVALID, errno, field, "%s: set to %s", field, sysctl->value);
    }
  return 0;
}

int
box_procfs_set_oom_score (int proc, const struct box_process *process, struct box_channel *channel,
                          struct tss_error *error)
{
  char value[16];

  if (!process->has_oom_score)
    return 0;
  snprintf (value, sizeof value, "%d", process->oom_score_adjustment);
  if (tss_write_text_at (proc, "self/oom_score_adj", value) == 0)
    return 0;
  if (errno != EACCES && errno != EPERM)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "process.oomScoreAdj", "process.oomScoreAdj: set to %s",
                          value);
  box_channel_warn (channel, "process.oomScoreAdj: %s is below what this host may set (no CAP_SYS_RESOURCE)", value);
  return 0;
}

/* The host's own /sys is out of sight here; what procfs says of this process is not. Reads nothing but an error where
 * AppArmor is not in use. */
static bool
has_apparmor (int proc)
{
  char label[PATH_MAX];

  return tss_read_small_file_at (proc, "self/attr/apparmor/current", label, sizeof label) > 0;
}

/* A kernel with SELinux switched off does not know its file system either. */
static bool
has_selinux (int proc)
{
  char types[4096];

  return tss_read_small_file_at (proc, "filesystems", types, sizeof types) > 0 && strstr (types, "\tselinuxfs\n");
}

static int
set_apparmor_profile (int proc, const char *profile, struct tss_error *error)
{
  static const char field[] = "process.apparmorProfile";
  char value[PATH_MAX];

  if (!has_apparmor (proc))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: this host has no AppArmor", field);
  if ((size_t)snprintf (value, sizeof value, "exec %s", profile) >= sizeof value)
    return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, field, "%s: set it", field);
  if (tss_write_text_at (proc, "self/attr/apparmor/exec", value) == 0)
    return 0;
  if (errno == ENOENT)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: no profile %s is loaded (see apparmor_parser)",
                          field, profile);
  return tss_error_set (error, TSS_ERROR_INVALID, errno, field, "%s: set %s", field, profile);
}

static int
set_selinux_label (int proc, const char *label, struct tss_error *error)
{
  static const char field[] = "process.selinuxLabel";

  if (!has_selinux (proc))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: this host has no SELinux", field);
  if (tss_write_text_at (proc, "self/attr/exec", label) == 0)
    return 0;
  if (errno == EINVAL)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, field, "%s: the policy of this host does not know %s", field,
                          label);
  return tss_error_set (error, TSS_ERROR_INVALID, errno, field, "%s: set %s", field, label);
}

int
box_procfs_set_label (int proc, const struct box_process *process, struct tss_error *error)
{
  if (process->apparmor_profile && *process->apparmor_profile
      && set_apparmor_profile (proc, process->apparmor_profile, error) < 0)
    return -1;
  if (process->selinux_label && *process->selinux_label)
    return set_selinux_label (proc, process->selinux_label, error);
  return 0;
}
