/* features: what this runtime can do, in the form of the runtime spec's features structure. */
#include "../common/cleanup.h"
#include "capabilities.h"
#include "cgroup-host.h"
#include "command.h"
#include "mount-options.h"
#include "seccomp.h"
#include "spec.h"

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

static json_t *
describe_cgroups (struct tss_error *error)
{
  __attribute__ ((cleanup (box_cgroup_host_free))) struct box_cgroup_host host = { 0 };
  bool v1 = false, v2 = false;

  if (box_cgroup_host_read (&host, error) < 0)
    return NULL;
  for (size_t i = 0; i < host.count; i++)
    *(*host.hierarchies[i].controllers ? &v1 : &v2) = true;
  return json_pack ("{s:b, s:b, s:b, s:b, s:b}", "v1", v1, "v2", v2, "systemd", 0, "systemdUser", 0, "rdma", 1);
}

int
command_features (struct command_options *options, struct tss_error *error)
{
  json_t *cgroups = describe_cgroups (error);
  json_t *linux_part;

  (void)options;
  if (!cgroups)
    return -1;
  linux_part = json_pack ("{s:o, s:o, s:o, s:{s:b, s:o, s:o, s:o}, s:{s:b}, s:{s:b}, s:{s:{s:b}}}", "namespaces",
                          list_namespaces (), "capabilities", list_capabilities (), "cgroup", cgroups, "seccomp",
                          "enabled", 1, "actions", list_words (box_seccomp_actions ()), "operators",
                          list_words (box_seccomp_operators ()), "archs", list_words (box_seccomp_architectures ()),
                          "apparmor", "enabled", 1, "selinux", "enabled", 1, "mountExtensions", "idmap", "enabled", 1);
  return command_print (json_pack ("{s:s, s:s, s:[], s:o, s:o}", "ociVersionMin", "1.0.0", "ociVersionMax",
                                   BOX_OCI_VERSION, "hooks", "mountOptions", list_mount_options (), "linux",
                                   linux_part),
                        error);
}
