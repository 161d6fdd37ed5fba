/* The last steps of a process on its way to the user's program. */
#include "process.h"
#include "../common/cleanup.h"
#include "environment.h"
#include "hooks.h"
#include "procfs.h"
#include "program.h"
#include "rlimits.h"
#include "target.h"
#include "terminal.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Where the channel is while the program's descriptors are put in order: behind those to keep. */
enum
{
  FIRST_FREE_FD = 3
};

/* getcwd names a directory outside of the root "(unreachable)": nobody may begin there (CVE-2024-21626). */
static int
check_inside_root (const char *path, struct tss_error *error)
{
  char cwd[PATH_MAX];

  if (syscall (SYS_getcwd, cwd, sizeof cwd) < 0 || cwd[0] != '/')
    return tss_error_set (error, TSS_ERROR_INVALID, ENOENT, "process.cwd", "process.cwd: enter %s", path);
  return 0;
}

static int
enter_cwd (const struct box_launch *launch, struct tss_error *error)
{
  const char *path = launch->process->cwd;
  tss_autofd int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  tss_autofd int directory = box_target_open (root, path, O_PATH | O_DIRECTORY, 0);

  if (directory < 0 && errno == ENOENT && launch->make_cwd)
    directory = box_target_make (root, path, true, error);
  if (directory < 0 || fchdir (directory) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "process.cwd", "process.cwd: enter %s", path);
  return check_inside_root (path, error);
}

/* A program that does not run as root must be able to open /dev/stdout again. Pipes and the container's own terminal
 * belong to it alone; anything else, such as the terminal of the person who called us, keeps its owner. */
static void
give_stdio_to_user (const struct box_launch *launch)
{
  for (int fd = 0; fd < 3; fd++)
    {
      struct stat status;

      if (fstat (fd, &status) == 0 && (S_ISFIFO (status.st_mode) || launch->terminal >= 0)
          && status.st_uid != launch->process->uid)
        (void)!fchown (fd, launch->process->uid, (gid_t)-1);
    }
}

int
box_stdio_give (const int stdio[3], const struct box_id_maps *maps, uid_t uid, struct tss_error *error)
{
  uint32_t outside;

  if (!box_id_map_find (&maps->users, uid, &outside))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process.user.uid",
                          "process.user.uid: %u is not mapped in the user namespace", uid);
  for (int i = 0; i < 3; i++)
    {
      struct stat status;

      if (stdio[i] >= 0 && fstat (stdio[i], &status) == 0 && S_ISFIFO (status.st_mode)
          && fchown (stdio[i], outside, (gid_t)-1) < 0)
        return tss_error_set (error, TSS_ERROR_IO, errno, "", "prepare standard input and output");
    }
  return 0;
}

static int
arrange_stdio (const struct box_launch *launch, struct tss_error *error)
{
  int sources[3];

  /* Copies first: the descriptors given may be 0 to 2 in another order. */
  for (int i = 0; i < 3; i++)
    {
      int given = launch->terminal >= 0 ? launch->terminal : launch->stdio[i];

      sources[i] = given < 0 ? open ("/dev/null", O_RDWR | O_CLOEXEC) : fcntl (given, F_DUPFD_CLOEXEC, 10);
      if (sources[i] < 0)
        return tss_error_set (error, TSS_ERROR_IO, errno, "", "prepare standard input and output");
    }
  for (int i = 0; i < 3; i++)
    if (dup2 (sources[i], i) < 0)
      return tss_error_set (error, TSS_ERROR_IO, errno, "", "prepare standard input and output");
  for (int i = 0; i < 3; i++)
    tss_close (&sources[i]);
  if (launch->process->uid != 0)
    give_stdio_to_user (launch);
  return 0;
}

/* What a caller has set so that its own root is no ordinary one is not for the container; where it is locked it stays.
 */
static void
reset_secure_bits (void)
{
  if (prctl (PR_GET_SECUREBITS, 0, 0, 0, 0) > 0)
    prctl (PR_SET_SECUREBITS, 0, 0, 0, 0);
}

/* PR_SET_KEEPCAPS keeps the permitted set over the change of user: filter and final sets come later. */
static int
become_user (const struct box_launch *launch, struct tss_error *error)
{
  const struct box_process *process = launch->process;

  reset_secure_bits ();
  if (box_capabilities_limit_bounding (&launch->capabilities, error) < 0)
    return -1;
  if (process->umask != BOX_UMASK_UNSET)
    umask ((mode_t)process->umask);
  else
    umask (022);
  if (prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups (process->additional_gid_count, process->additional_gids) < 0
      || setresgid (process->gid, process->gid, process->gid) < 0
      || setresuid (process->uid, process->uid, process->uid) < 0 || prctl (PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "process.user", "process.user: become user %u:%u", process->uid,
                          process->gid);
  return process->uid == 0 ? 0 : box_capabilities_raise (error);
}

static void
warn_of_missing_rights (const struct box_launch *launch)
{
  const struct box_unknown_capabilities *unknown = &launch->process->unknown_capabilities;
  uint64_t missing = box_capabilities_missing (&launch->capabilities);

  for (size_t i = 0; i < unknown->count; i++)
    box_channel_warn (launch->channel, "process.capabilities: %s is no capability that is known here",
                      unknown->names[i]);
  for (int number = 0; box_capability_name (number); number++)
    if (missing & UINT64_C (1) << number)
      box_channel_warn (launch->channel, "process.capabilities: %s cannot be given: the caller does not have it",
                        box_capability_name (number));
}

int
box_launch_prepare (struct box_launch *launch, struct tss_error *error)
{
  if (box_procfs_set_label (launch->proc, launch->process, error) < 0)
    return -1;
  if (launch->terminal >= 0 && box_terminal_control (launch->terminal, error) < 0)
    return -1;
  warn_of_missing_rights (launch);
  if (enter_cwd (launch, error) < 0 || arrange_stdio (launch, error) < 0
      || box_environment_apply (launch->process, error) < 0)
    return -1;
  return become_user (launch, error);
}

/* Tells the caller at which descriptor the filter's questions can be heard, and goes on when somebody does. */
static int
offer_listener (struct box_channel *channel, int listener, struct tss_error *error)
{
  struct box_message message = { .kind = BOX_MESSAGE_LISTENER, .listener = listener };

  if (box_channel_send_plainly (channel, &message) < 0 || box_channel_receive_plainly (channel, &message) < 0
      || message.kind != BOX_MESSAGE_CONTINUE)
    return tss_error_set (error, TSS_ERROR_SECCOMP, 0, "linux.seccomp.listenerPath",
                          "linux.seccomp.listenerPath: nobody listens");
  return 0;
}

static int
load_filter (const struct box_launch *launch, struct tss_error *error)
{
  int listener = launch->filter ? box_seccomp_apply (launch->filter, error) : 0;

  if (listener <= 0 || !launch->channel)
    return listener < 0 ? -1 : 0;
  return offer_listener (launch->channel, listener, error);
}

/* Loading a filter without no_new_privs needs CAP_SYS_ADMIN, so that it comes before that is given up; with it the
 * other way round, so that the filter need not allow what happens here. */
static int
restrict_rights (const struct box_launch *launch, struct tss_error *error)
{
  if (!launch->process->no_new_privileges)
    {
      if (load_filter (launch, error) < 0)
        return -1;
      return box_capabilities_apply (&launch->capabilities, error);
    }
  if (box_capabilities_apply (&launch->capabilities, error) < 0)
    return -1;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "process.noNewPrivileges",
                          "process.noNewPrivileges: set no_new_privs");
  return load_filter (launch, error);
}

/* Nothing of ours may be open in the program, whatever its flags say (CVE-2024-21626). The channel moves to the first
 * place behind the descriptors to keep and goes with the exec. */
static int
close_everything_else (struct box_launch *launch, struct tss_error *error)
{
  int place = FIRST_FREE_FD + launch->preserve_fds;

  if (launch->channel->fd != place && dup3 (launch->channel->fd, place, O_CLOEXEC) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "move a descriptor");
  launch->channel->fd = place;
  /* Those are the caller's own, see struct box_options. */
  for (int fd = FIRST_FREE_FD; fd < place; fd++)
    fcntl (fd, F_SETFD, 0);
  if (close_range ((unsigned int)place + 1, ~0U, 0) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "close descriptors");
  return 0;
}

/* In the hook's process: it may do what the container's program may. Nobody listens to its filter, so that what would
 * wait for a decision fails. */
static int
enter_hook (void *context, struct tss_error *error)
{
  struct box_launch launch = *(const struct box_launch *)context;

  launch.channel = NULL;
  return restrict_rights (&launch, error);
}

static int
run_start_hooks (struct box_launch *launch, struct tss_error *error)
{
  tss_autojson json_t *state = NULL;
  struct box_hook_call call = { .hooks = launch->hooks, .enter = enter_hook, .context = launch };

  if (!launch->hooks)
    return 0;
  call.state = state = box_state_describe (&launch->identity, "created", getpid ());
  if (!state)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "hooks", "hooks: run the hooks");
  return box_hooks_run (&call, BOX_HOOK_START_CONTAINER, error);
}

static int
set_personality (const struct box_launch *launch, struct tss_error *error)
{
  if (launch->personality != BOX_PERSONALITY_UNSET && personality (launch->personality) < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, errno, "linux.personality", "linux.personality: set it");
  return 0;
}

int
box_launch_exec (struct box_launch *launch, struct tss_error *error)
{
  /* Limits come late, as they would bind us too, but before the right to raise them goes. */
  if (close_everything_else (launch, error) < 0 || box_rlimits_apply (launch->process, launch->channel, error) < 0
      || run_start_hooks (launch, error) < 0 || box_scheduling_apply (&launch->process->scheduling, error) < 0
      || set_personality (launch, error) < 0 || restrict_rights (launch, error) < 0)
    return -1;
  return box_program_exec (launch->process, error);
}
