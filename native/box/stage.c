/* What has to be done before the container's first process is born. */
#include "stage.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "cgroup.h"
#include "container.h"
#include "namespaces.h"
#include "process.h"
#include "procfs.h"
#include "rlimits.h"
#include "user-namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

bool
box_stage_is_needed (const struct box_spec *spec)
{
  if (box_namespaces_has (&spec->namespaces, CLONE_NEWUSER) || box_namespaces_has (&spec->namespaces, CLONE_NEWTIME))
    return true;
  for (size_t i = 0; i < spec->mount_count; i++)
    if (spec->mounts[i].ids != BOX_MOUNT_IDS_AS_THEY_ARE)
      return true;
  return false;
}

static int
open_user_namespace (struct box_setup *setup, struct tss_error *error)
{
  const char *path = box_namespaces_path (&setup->spec->namespaces, CLONE_NEWUSER);

  if (!box_namespaces_has (&setup->spec->namespaces, CLONE_NEWUSER))
    return 0;
  if (path)
    setup->user_namespace = box_user_namespace_open (setup->proc, path, &setup->spec->maps, &setup->maps, error);
  else
    setup->user_namespace = box_user_namespace_make (setup->proc, &setup->spec->maps, error);
  if (!path)
    setup->maps = setup->spec->maps;
  return setup->user_namespace < 0 ? -1 : 0;
}

static int
enter_host_side (struct box_setup *setup, struct tss_error *error)
{
  const struct box_process *process = &setup->spec->process;

  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "protect the process");
  setup->proc = box_procfs_open (error);
  if (setup->proc < 0 || box_procfs_set_oom_score (setup->proc, process, &setup->channel, error) < 0
      || box_setup_join_cgroup (setup, error) < 0)
    return -1;
  box_rlimits_raise (process);
  if (open_user_namespace (setup, error) < 0)
    return -1;
  return box_namespaces_join (&setup->spec->namespaces, error);
}

/* Mounted here and copied, so that the first process can put it where it is at that moment: in the bundle, which only
 * its working directory names, as it may not be allowed to look there. */
static int
prepare_root (struct box_setup *setup, struct tss_error *error)
{
  tss_autofd int mounted = -1;

  if (box_setup_root (setup, error) < 0)
    return -1;
  mounted = setup->root;
  setup->root = -1;
  setup->root_tree = open_tree (mounted, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (setup->root_tree < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, "root", "root: copy the root file system's mount");
  return 0;
}

/* A container that can write to its own cgroups is to have rights there ("Cgroup ownership" of the runtime spec). */
static bool
has_own_cgroups (const struct box_spec *spec)
{
  if (!(spec->namespaces.created & CLONE_NEWCGROUP))
    return false;
  for (size_t i = 0; i < spec->mount_count; i++)
    {
      const struct box_mount *mount = &spec->mounts[i];

      if (!mount->bind && strncmp (mount->type, "cgroup", strlen ("cgroup")) == 0 && !(mount->set & MS_RDONLY))
        return true;
    }
  return false;
}

static int
prepare_for_user_namespace (struct box_setup *setup, struct tss_error *error)
{
  uint32_t uid = 0, gid = 0;

  if (box_setup_device_sources (setup, error) < 0 || prepare_root (setup, error) < 0
      || box_stdio_give (setup->options->stdio, &setup->maps, setup->spec->process.uid, error) < 0)
    return -1;
  if (!box_id_map_find (&setup->maps.users, 0, &uid) || !box_id_map_find (&setup->maps.groups, 0, &gid))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.namespaces",
                          "linux.namespaces: root (0) is not mapped in the user namespace");
  if (has_own_cgroups (setup->spec))
    return box_cgroup_give (setup->cgroup, uid, gid, error);
  return 0;
}

/* Opened with the host's rights, written once there is a time namespace. */
static int
open_time_offsets (const struct box_setup *setup, int *file, struct tss_error *error)
{
  if (!(setup->spec->namespaces.created & CLONE_NEWTIME))
    return 0;
  *file = openat (setup->proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (*file < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: make a time namespace: this kernel has none");
  return 0;
}

/* It is that of the children to come, whose clocks start with the offsets that are set by then. */
static int
make_time_namespace (const struct box_setup *setup, int file, struct tss_error *error)
{
  if (file < 0)
    return 0;
  if (unshare (CLONE_NEWTIME) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: make a time namespace");
  for (size_t i = 0; i < BOX_CLOCKS; i++)
    {
      const struct box_time_offset *offset = &setup->spec->time_offsets[i];
      char line[80];

      if (!offset->given)
        continue;
      snprintf (line, sizeof line, "%s %lld %u\n", box_clock_names[i], (long long)offset->seconds, offset->nanoseconds);
      if (tss_write_all (file, line, strlen (line)) < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, errno, "linux.timeOffsets", "linux.timeOffsets.%s: set it",
                              box_clock_names[i]);
    }
  return 0;
}

static int
join_pid_namespace (int pid_target, struct tss_error *error)
{
  if (pid_target >= 0 && setns (pid_target, CLONE_NEWPID) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "linux.namespaces",
                          "linux.namespaces: join the pid namespace");
  return 0;
}

/* Where the root is mounted; one without layers is mounted on itself. */
static int
enter_mount_point (const struct box_setup *setup, struct tss_error *error)
{
  bool on_itself = setup->user_namespace >= 0 && !setup->options->overlay;

  if (chdir (setup->options->bundle) < 0 || (on_itself && chdir (setup->spec->root_path) < 0))
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, setup->options->bundle, "enter the bundle");
  return 0;
}

static int
prepare (struct box_setup *setup, int pid_target, struct tss_error *error)
{
  tss_autofd int time_offsets = -1;

  if (enter_host_side (setup, error) < 0 || box_setup_open_sources (setup, error) < 0
      || open_time_offsets (setup, &time_offsets, error) < 0)
    return -1;
  if (setup->user_namespace >= 0 && prepare_for_user_namespace (setup, error) < 0)
    return -1;
  if (enter_mount_point (setup, error) < 0 || join_pid_namespace (pid_target, error) < 0)
    return -1;
  if (setup->user_namespace >= 0 && box_user_namespace_enter (setup->user_namespace, error) < 0)
    return -1;
  return make_time_namespace (setup, time_offsets, error);
}

/* The first process begins its work when the caller knows of it: it may be quicker than the stage that announces it,
 * and who waits for the announcement is not prepared for anything else. OUR_END closes when the stage has ended. */
static void
await_announcement (int our_end, int stage_end)
{
  char nothing;

  close (stage_end);
  (void)TSS_RETRY (read (our_end, &nothing, 1));
  close (our_end);
}

void
box_stage_run (struct box_setup *setup, int pid_target)
{
  /* The caller sets sysctls in them as soon as it knows of the process. The others take more than a flag. */
  int flags = setup->spec->namespaces.created & ~(CLONE_NEWCGROUP | CLONE_NEWUSER | CLONE_NEWTIME);
  struct box_clone options = { .flags = flags, .cgroup = -1, .pid_target = -1, .sibling = true };
  struct box_message born = { .kind = BOX_MESSAGE_BORN };
  struct tss_error error = { 0 };
  int pidfd = -1, announcement[2];

  setup->staged = true;
  if (prepare (setup, pid_target, &error) < 0)
    box_child_fail (&setup->channel, &error);
  if (pipe2 (announcement, O_CLOEXEC) < 0)
    {
      tss_error_set (&error, TSS_ERROR_INTERNAL, errno, "", "open a pipe");
      box_child_fail (&setup->channel, &error);
    }
  born.pid = box_clone (&options, &pidfd, &error);
  if (born.pid < 0)
    box_child_fail (&setup->channel, &error);
  if (born.pid > 0)
    _exit (box_channel_send (&setup->channel, &born, pidfd) < 0 ? 1 : 0);
  await_announcement (announcement[0], announcement[1]);
}
