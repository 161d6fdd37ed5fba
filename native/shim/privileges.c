/* The capabilities of the shim's own process. */
#include "privileges.h"
#include "../box/capabilities.h"
#include "../common/cleanup.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#define BIT(number) (UINT64_C (1) << (number))

/* They act on the machine and not on a container, so that libbox never uses them and no exec, privileged or not, gives
 * them away, unless the container itself was made with them. All others are needed: CAP_SYS_ADMIN, CAP_SYS_CHROOT and
 * CAP_MKNOD for the mounts of the next run, CAP_SYS_ADMIN and CAP_SYS_PTRACE for entering the container, CAP_SETUID,
 * CAP_SETGID and CAP_SETPCAP for becoming its user, CAP_NET_ADMIN for its loopback, CAP_SYS_RESOURCE and CAP_SYS_NICE
 * for its limits, CAP_KILL for its processes, and what is left for `exec --privileged`. */
static const uint64_t of_the_machine = BIT (CAP_SYS_MODULE) | BIT (CAP_SYS_RAWIO) | BIT (CAP_SYS_PACCT)
                                       | BIT (CAP_SYS_BOOT) | BIT (CAP_SYS_TIME) | BIT (CAP_MAC_ADMIN)
                                       | BIT (CAP_MAC_OVERRIDE) | BIT (CAP_AUDIT_CONTROL) | BIT (CAP_AUDIT_READ)
                                       | BIT (CAP_WAKE_ALARM) | BIT (CAP_BLOCK_SUSPEND) | BIT (CAP_SYSLOG);

/* For files below directories of another owner (a data root in somebody's home), and for signals to processes of
 * another user. */
static const uint64_t of_the_loop = BIT (CAP_DAC_OVERRIDE) | BIT (CAP_KILL);

/* Offsets of a time namespace are written with CAP_SYS_TIME. */
static uint64_t
needed_by_namespaces (const json_t *spec)
{
  return json_object_get (json_object_get (spec, "linux"), "timeOffsets") ? BIT (CAP_SYS_TIME) : 0;
}

static int
needed_by_process (const json_t *spec, uint64_t *needed, struct tss_error *error)
{
  const json_t *sets = json_object_get (json_object_get (spec, "process"), "capabilities");
  struct box_capabilities wanted = { 0 };

  if (json_is_object (sets) && box_capabilities_parse (sets, "process.capabilities", &wanted, NULL, error) < 0)
    return -1;
  *needed = wanted.bounding | wanted.effective | wanted.inheritable | wanted.permitted | wanted.ambient;
  return 0;
}

int
privileges_limit (const json_t *spec, struct tss_error *error)
{
  struct box_capabilities kept = { 0 };
  struct box_capability_state state;
  uint64_t needed = 0;

  privileges_raise ();
  if (needed_by_process (spec, &needed, error) < 0)
    return -1;
  kept.bounding = ~of_the_machine | needed | needed_by_namespaces (spec);
  if (box_capabilities_limit_bounding (&kept, error) < 0)
    return -1;
  if (box_capability_state_get (&state) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "", "read the shim's capabilities");
  state.permitted &= kept.bounding;
  state.effective = state.permitted & of_the_loop;
  state.inheritable = 0;
  if (box_capability_state_set (&state) < 0)
    return tss_error_set (error, TSS_ERROR_USER, errno, "", "drop the shim's capabilities");
  if (json_is_true (json_object_get (json_object_get (spec, "process"), "noNewPrivileges")))
    prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* since its container shall not gain any, neither need we */
  return 0;
}

static uint64_t
set_effective (uint64_t effective)
{
  struct box_capability_state state;
  uint64_t before;

  if (box_capability_state_get (&state) < 0)
    return 0;
  before = state.effective;
  state.effective = effective & state.permitted;
  (void)!box_capability_state_set (&state); /* a part of what is permitted cannot be refused */
  return before;
}

uint64_t
privileges_raise (void)
{
  return set_effective (UINT64_MAX);
}

void
privileges_restore (const uint64_t *before)
{
  set_effective (*before);
}
