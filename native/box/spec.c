/* The document as a whole: root, names, and the linux section. */
#include "spec.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup-devices.h"
#include "hooks.h"
#include "resources.h"
#include "seccomp.h"

#include <ctype.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>

static int
parse_root (const json_t *document, struct box_spec *spec, struct tss_error *error)
{
  const json_t *root = NULL;

  if (tss_json_get_object (document, "root", "", &root, error) < 0)
    return -1;
  if (!root)
    return 0;
  if (tss_json_get_string (root, "path", "root", &spec->root_path, error) < 0)
    return -1;
  return tss_json_get_bool (root, "readonly", "root", &spec->root_readonly, error);
}

static int
check_names (const struct box_spec *spec, struct tss_error *error)
{
  bool own_uts = box_namespaces_has (&spec->namespaces, CLONE_NEWUTS);

  if (!own_uts && spec->hostname && *spec->hostname)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "hostname", "hostname: needs a uts namespace");
  if (!own_uts && spec->domainname && *spec->domainname)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "domainname", "domainname: needs a uts namespace");
  return 0;
}

static int
parse_root_propagation (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  const char *word = NULL;

  if (tss_json_get_string (linux_object, "rootfsPropagation", "linux", &word, error) < 0)
    return -1;
  if (!word || !*word)
    return 0;
  spec->root_propagation = box_propagation_flags (word);
  if (!spec->root_propagation)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.rootfsPropagation",
                          "linux.rootfsPropagation: unknown propagation %s", word);
  return 0;
}

/* Sections that change how isolated a container is must not be passed over. */
static int
refuse_unsupported (const json_t *linux_object, struct tss_error *error)
{
  static const char *const keys[] = { "intelRdt", "netDevices", "memoryPolicy" };

  for (size_t i = 0; i < TSS_LENGTH (keys); i++)
    {
      const json_t *value = json_object_get (linux_object, keys[i]);
      char path[64];

      if (!value || json_is_null (value) || (json_is_array (value) && json_array_size (value) == 0)
          || (json_is_string (value) && json_string_length (value) == 0))
        continue;
      snprintf (path, sizeof path, "linux.%s", keys[i]);
      return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "%s: not supported", path);
    }
  return 0;
}

static int
parse_personality (const json_t *linux_object, struct box_spec *spec, struct tss_error *error)
{
  static const char where[] = "linux.personality";
  const json_t *object = NULL, *flags = NULL;
  const char *domain = NULL;

  spec->personality = BOX_PERSONALITY_UNSET;
  if (tss_json_get_object (linux_object, "personality", "linux", &object, error) < 0)
    return -1;
  if (!object)
    return 0;
  if (tss_json_need_string (object, "domain", where, &domain, error) < 0
      || tss_json_get_array (object, "flags", where, &flags, error) < 0)
    return -1;
  /* The specification knows of none. */
  if (json_array_size (flags) > 0)
    return tss_json_refuse (where, "flags", error, "no flags are supported");
  if (strcmp (domain, "LINUX") != 0 && strcmp (domain, "LINUX32") != 0)
    return tss_json_refuse (where, "domain", error, "expected LINUX or LINUX32");
  spec->personality = strcmp (domain, "LINUX") == 0 ? PER_LINUX : PER_LINUX32;
  return 0;
}

static int
check_paths (const char **paths, const char *key, struct tss_error *error)
{
  for (size_t i = 0; paths && paths[i]; i++)
    {
      char member[40];

      snprintf (member, sizeof member, "%s[%zu]", key, i);
      if (paths[i][0] != '/')
        return tss_json_refuse ("linux", member, error, "%s is not absolute", paths[i]);
    }
  return 0;
}

/* They are read again when there is a cgroup; this is to refuse them before anything is made. */
static int
check_resources (const json_t *object, struct tss_error *error)
{
  __attribute__ ((cleanup (box_device_rules_free))) struct box_device_rules rules = { 0 };
  struct box_resources resources;

  if (box_resources_parse (object, &resources, error) < 0)
    return -1;
  return box_device_rules_parse (object, &rules, error);
}

static int
parse_linux (const json_t *document, struct box_spec *spec, struct tss_error *error)
{
  const json_t *object = NULL;

  if (tss_json_get_object (document, "linux", "", &object, error) < 0)
    return -1;
  if (!object)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux", "linux: expected an object");
  if (refuse_unsupported (object, error) < 0 || parse_personality (object, spec, error) < 0
      || parse_root_propagation (object, spec, error) < 0
      || tss_json_get_string (object, "mountLabel", "linux", &spec->mount_label, error) < 0
      || tss_json_get_string (object, "cgroupsPath", "linux", &spec->cgroups_path, error) < 0
      || tss_json_get_strings (object, "maskedPaths", "linux", &spec->masked_paths, error) < 0
      || tss_json_get_strings (object, "readonlyPaths", "linux", &spec->readonly_paths, error) < 0
      || tss_json_get_object (object, "resources", "linux", &spec->resources, error) < 0
      || tss_json_get_object (object, "seccomp", "linux", &spec->seccomp, error) < 0)
    return -1;
  if (spec->mount_label && !*spec->mount_label)
    spec->mount_label = NULL;
  if (check_paths (spec->masked_paths, "maskedPaths", error) < 0
      || check_paths (spec->readonly_paths, "readonlyPaths", error) < 0)
    return -1;
  if (check_resources (spec->resources, error) < 0 || box_seccomp_check (spec->seccomp, error) < 0)
    return -1;
  if (box_spec_parse_namespaces (object, &spec->namespaces, error) < 0 || box_spec_parse_users (object, spec, error) < 0
      || box_spec_parse_time_offsets (object, spec, error) < 0)
    return -1;
  if (box_spec_parse_devices (object, spec, error) < 0)
    return -1;
  return box_spec_parse_sysctls (object, spec, error);
}

/* Later minor versions add to what earlier ones say. */
static int
check_version (const json_t *document, struct tss_error *error)
{
  const char *version = NULL;

  if (tss_json_need_string (document, "ociVersion", "", &version, error) < 0)
    return -1;
  if (strncmp (version, "1.", 2) != 0 || !isdigit ((unsigned char)version[2]))
    return tss_json_refuse ("", "ociVersion", error, "%s is not supported, 1.0.0 to 1.2 are", version);
  return 0;
}

/* They are handed to hooks and engines as they are, so they have to be what the spec promises. */
static int
parse_annotations (const json_t *document, struct box_spec *spec, struct tss_error *error)
{
  const char *key;
  json_t *value;

  if (tss_json_get_object (document, "annotations", "", &spec->annotations, error) < 0)
    return -1;
  json_object_foreach ((json_t *)(uintptr_t)spec->annotations, key, value)
  {
    if (!*key)
      return tss_json_refuse ("annotations", "", error, "has an empty key");
    if (!json_is_string (value))
      return tss_json_refuse ("annotations", key, error, "expected a string");
  }
  return 0;
}

int
box_spec_parse (const json_t *document, struct box_spec *spec, struct tss_error *error)
{
  const json_t *process = NULL;

  *spec = (struct box_spec){ 0 };
  if (!json_is_object (document))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "the spec is no JSON object");
  if (check_version (document, error) < 0 || box_hooks_parse (document, &spec->hooks, error) < 0
      || parse_annotations (document, spec, error) < 0
      || tss_json_get_object (document, "process", "", &process, error) < 0 || parse_root (document, spec, error) < 0
      || tss_json_get_string (document, "hostname", "", &spec->hostname, error) < 0
      || tss_json_get_string (document, "domainname", "", &spec->domainname, error) < 0)
    return -1;
  if (!process)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process", "process: expected an object");
  if (box_process_parse (process, "process", &spec->process, error) < 0
      || box_spec_parse_mounts (document, spec, error) < 0 || parse_linux (document, spec, error) < 0
      || check_names (spec, error) < 0)
    {
      box_spec_free (spec);
      return -1;
    }
  return 0;
}

void
box_spec_free (struct box_spec *spec)
{
  box_process_free (&spec->process);
  for (size_t i = 0; i < spec->mount_count; i++)
    {
      free (spec->mounts[i].data);
      box_id_maps_free (&spec->mounts[i].maps);
    }
  box_id_maps_free (&spec->maps);
  free (spec->mounts);
  free (spec->devices);
  free (spec->sysctls);
  free (spec->masked_paths);
  free (spec->readonly_paths);
  *spec = (struct box_spec){ 0 };
}
