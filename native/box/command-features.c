/* features: what this runtime can do, in the form of the runtime spec's features structure, and in its annotations what
 * this host does not let it do. */
#include "../common/cleanup.h"
#include "capabilities.h"
#include "cgroup-host.h"
#include "command.h"
#include "hooks.h"
#include "mount-options.h"
#include "seccomp.h"
#include "spec.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#define ANNOTATION(name) "org.tsstack.box." name

static json_t *
list_words (const char *const *words)
{
  json_t *list = json_array ();

  for (; *words; words++)
    json_array_append_new (list, json_string (*words));
  return list;
}

static json_t *
list_namespaces (void)
{
  json_t *list = json_array ();

  for (size_t i = 0; i < BOX_NAMESPACE_KINDS; i++)
    json_array_append_new (list, json_string (box_namespace_kinds[i].name));
  return list;
}

static json_t *
list_capabilities (void)
{
  json_t *list = json_array ();

  for (int number = 0; box_capability_name (number); number++)
    json_array_append_new (list, json_string (box_capability_name (number)));
  return list;
}

static int
append_word (const char *word, void *list)
{
  return json_array_append_new (list, json_string (word));
}

static json_t *
list_mount_options (void)
{
  json_t *list = json_array ();

  box_mount_options_visit (append_word, list);
  return list;
}

/* The kernel looks at the flags before it looks for the filter, and there is none. */
static bool
kernel_knows_flag (unsigned int flag)
{
  /* It means something only to somebody who listens. */
  if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
    flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  return syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static json_t *
list_supported_flags (void)
{
  json_t *list = json_array ();

  for (const struct box_seccomp_flag *flag = box_seccomp_flags (); flag->name; flag++)
    if (kernel_knows_flag (flag->value))
      json_array_append_new (list, json_string (flag->name));
  return list;
}

static json_t *
list_known_flags (void)
{
  json_t *list = json_array ();

  for (const struct box_seccomp_flag *flag = box_seccomp_flags (); flag->name; flag++)
    json_array_append_new (list, json_string (flag->name));
  return list;
}

static json_t *
describe_seccomp (void)
{
  return json_pack ("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions", list_words (box_seccomp_actions ()),
                    "operators", list_words (box_seccomp_operators ()), "archs",
                    list_words (box_seccomp_architectures ()), "knownFlags", list_known_flags (), "supportedFlags",
                    list_supported_flags ());
}

static json_t *
describe_linux (void)
{
  return json_pack ("{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:o, s:{s:b}, s:{s:b}, s:{s:b}, s:{s:{s:b}}}",
                    "namespaces", list_namespaces (), "capabilities", list_capabilities (), "cgroup", "v1", 1, "v2", 1,
                    "systemd", 0, "systemdUser", 0, "rdma", 1, "seccomp", describe_seccomp (), "apparmor", "enabled", 1,
                    "selinux", "enabled", 1, "intelRdt", "enabled", 0, "mountExtensions", "idmap", "enabled", 1);
}

static void
append_to_list (FILE *list, bool *any, const char *word)
{
  fprintf (list, "%s%s", *any ? "," : "", word);
  *any = true;
}

/* Capabilities that the caller does not have, and so can give to no container. */
static json_t *
list_missing_capabilities (void)
{
  const struct box_capabilities all = { .bounding = UINT64_MAX };
  uint64_t missing = box_capabilities_missing (&all);
  tss_autofree char *text = NULL;
  size_t size;
  FILE *list = open_memstream (&text, &size);
  bool any = false;

  for (int number = 0; list && box_capability_name (number); number++)
    if (missing & UINT64_C (1) << number)
      append_to_list (list, &any, box_capability_name (number));
  if (list)
    fclose (list);
  return json_string (text ? text : "");
}

static bool
has_controller (const struct box_cgroup_host *host, const char *controller)
{
  for (size_t i = 0; i < host->count; i++)
    if (box_hierarchy_has (&host->hierarchies[i], host->unified, controller))
      return true;
  return false;
}

/* Those that the specification has settings for. */
static json_t *
list_missing_controllers (const struct box_cgroup_host *host)
{
  static const char *const v1[] = { "memory",  "cpu",     "cpuset",  "pids",     "blkio", "devices",
                                    "freezer", "hugetlb", "net_cls", "net_prio", "rdma",  NULL };
  static const char *const v2[] = { "memory", "cpu", "cpuset", "pids", "io", "hugetlb", "rdma", NULL };
  tss_autofree char *text = NULL;
  size_t size;
  FILE *list = open_memstream (&text, &size);
  bool any = false;

  for (const char *const *name = host->unified ? v2 : v1; list && *name; name++)
    if (!has_controller (host, *name))
      append_to_list (list, &any, *name);
  if (list)
    fclose (list);
  return json_string (text ? text : "");
}

static const char *
name_layout (const struct box_cgroup_host *host)
{
  bool v2 = false;

  for (size_t i = 0; i < host->count; i++)
    v2 |= !*host->hierarchies[i].controllers;
  if (host->count == 0)
    return "none";
  return host->unified ? "v2" : v2 ? "hybrid" : "v1";
}

static json_t *
describe_host (struct tss_error *error)
{
  __attribute__ ((cleanup (box_cgroup_host_free))) struct box_cgroup_host host = { 0 };

  if (box_cgroup_host_read (&host, error) < 0)
    return NULL;
  return json_pack ("{s:s, s:s, s:o, s:o, s:s, s:s}", ANNOTATION ("version"), COMMAND_VERSION,
                    ANNOTATION ("host.cgroups"), name_layout (&host), ANNOTATION ("host.missing-controllers"),
                    list_missing_controllers (&host), ANNOTATION ("host.missing-capabilities"),
                    list_missing_capabilities (), ANNOTATION ("host.apparmor"),
                    access ("/sys/kernel/security/apparmor", F_OK) == 0 ? "true" : "false", ANNOTATION ("host.selinux"),
                    access ("/sys/fs/selinux/enforce", F_OK) == 0 ? "true" : "false");
}

int
command_features (struct command_options *options, struct tss_error *error)
{
  json_t *annotations = describe_host (error);

  (void)options;
  if (!annotations)
    return -1;
  return command_print (json_pack ("{s:s, s:s, s:o, s:o, s:o, s:o, s:[]}", "ociVersionMin", "1.0.0", "ociVersionMax",
                                   BOX_OCI_VERSION, "hooks", list_words (box_hook_names ()), "mountOptions",
                                   list_mount_options (), "linux", describe_linux (), "annotations", annotations,
                                   "potentiallyUnsafeConfigAnnotations"),
                        error);
}
