/* Which devices a container may open or make. */
#include "cgroup-devices.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define ALL_ACCESS (BOX_DEVICE_MAKE | BOX_DEVICE_READ | BOX_DEVICE_WRITE)

/* "Default Devices" of the runtime spec, and making any node, which gives no access to what it stands for. */
static const struct box_device_rule default_rules[] = {
  { true, 'c', BOX_DEVICE_ANY, BOX_DEVICE_ANY, BOX_DEVICE_MAKE, true },
  { true, 'b', BOX_DEVICE_ANY, BOX_DEVICE_ANY, BOX_DEVICE_MAKE, true },
  { true, 'c', 1, 3, ALL_ACCESS, true },                /* null */
  { true, 'c', 1, 5, ALL_ACCESS, true },                /* zero */
  { true, 'c', 1, 7, ALL_ACCESS, true },                /* full */
  { true, 'c', 1, 8, ALL_ACCESS, true },                /* random */
  { true, 'c', 1, 9, ALL_ACCESS, true },                /* urandom */
  { true, 'c', 5, 0, ALL_ACCESS, true },                /* tty */
  { true, 'c', 5, 1, ALL_ACCESS, true },                /* console */
  { true, 'c', 5, 2, ALL_ACCESS, true },                /* ptmx */
  { true, 'c', 136, BOX_DEVICE_ANY, ALL_ACCESS, true }, /* pts */
};

static const struct box_device_rule deny_all = { false, 'a', BOX_DEVICE_ANY, BOX_DEVICE_ANY, ALL_ACCESS, true };

static int
parse_access (const char *text, unsigned int *access)
{
  for (; *text; text++)
    switch (*text)
      {
      case 'r':
        *access |= BOX_DEVICE_READ;
        break;
      case 'w':
        *access |= BOX_DEVICE_WRITE;
        break;
      case 'm':
        *access |= BOX_DEVICE_MAKE;
        break;
      default:
        return -1;
      }
  return 0;
}

enum
{
  MAJOR_MAX = (1 << 12) - 1, /* MINORBITS of the kernel is 20 */
  MINOR_MAX = (1 << 20) - 1,
};

/* Any other number would be taken for another device where it is cut short. */
static int
parse_number (const json_t *object, const char *key, const char *where, int64_t most, int64_t *number,
              struct tss_error *error)
{
  if (tss_json_get_int64 (object, key, where, number, error) < 0)
    return -1;
  if (*number >= BOX_DEVICE_ANY && *number <= most)
    return 0;
  return tss_json_refuse (where, key, error, "expected -1 to %lld", (long long)most);
}

static int
parse_rule (const json_t *object, const char *where, struct box_device_rule *rule, struct tss_error *error)
{
  const char *type = "a", *access = "rwm";

  *rule = (struct box_device_rule){ .major = BOX_DEVICE_ANY, .minor = BOX_DEVICE_ANY };
  if (!json_is_boolean (json_object_get (object, "allow")))
    return tss_json_refuse (where, "allow", error, "expected true or false");
  if (tss_json_get_bool (object, "allow", where, &rule->allow, error) < 0
      || tss_json_get_string (object, "type", where, &type, error) < 0
      || parse_number (object, "major", where, MAJOR_MAX, &rule->major, error) < 0
      || parse_number (object, "minor", where, MINOR_MAX, &rule->minor, error) < 0
      || tss_json_get_string (object, "access", where, &access, error) < 0)
    return -1;
  if (!*type)
    type = "a";
  if (strlen (type) != 1 || !strchr ("abc", *type))
    return tss_json_refuse (where, "type", error, "expected a, b or c");
  if (parse_access (*access ? access : "rwm", &rule->access) < 0)
    return tss_json_refuse (where, "access", error, "expected some of r, w, m");
  rule->type = *type;
  return 0;
}

int
box_device_rules_parse (const json_t *resources, struct box_device_rules *rules, struct tss_error *error)
{
  const json_t *array = NULL;
  size_t given;

  *rules = (struct box_device_rules){ 0 };
  if (tss_json_get_array (resources, "devices", "linux.resources", &array, error) < 0)
    return -1;
  given = json_array_size (array);
  rules->rules = calloc (given + 1 + TSS_LENGTH (default_rules), sizeof *rules->rules);
  if (!rules->rules)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.resources.devices",
                          "linux.resources.devices: read the device rules");
  if (given == 0)
    rules->rules[rules->count++] = deny_all;
  for (size_t i = 0; i < given; i++)
    {
      char where[64];

      snprintf (where, sizeof where, "linux.resources.devices[%zu]", i);
      if (parse_rule (json_array_get (array, i), where, &rules->rules[rules->count++], error) < 0)
        {
          box_device_rules_free (rules);
          return -1;
        }
    }
  memcpy (&rules->rules[rules->count], default_rules, sizeof default_rules);
  rules->count += TSS_LENGTH (default_rules);
  return 0;
}

void
box_device_rules_free (struct box_device_rules *rules)
{
  free (rules->rules);
  *rules = (struct box_device_rules){ 0 };
}

static bool
covers_all (const struct box_device_rule *rule)
{
  return rule->type == 'a' && rule->major == BOX_DEVICE_ANY && rule->minor == BOX_DEVICE_ANY
         && rule->access == ALL_ACCESS;
}

bool
box_device_rules_allow_all (const struct box_device_rules *rules)
{
  bool all = false;

  for (size_t i = 0; i < rules->count; i++)
    if (!rules->rules[i].allow)
      all = false;
    else if (covers_all (&rules->rules[i]))
      all = true;
  return all;
}

static void
format_number (int64_t number, char *text, size_t size)
{
  if (number == BOX_DEVICE_ANY)
    snprintf (text, size, "*");
  else
    snprintf (text, size, "%lld", (long long)number);
}

void
box_device_rule_format (const struct box_device_rule *rule, char *text, size_t size)
{
  char major[24], minor[24];

  format_number (rule->major, major, sizeof major);
  format_number (rule->minor, minor, sizeof minor);
  snprintf (text, size, "%c %s:%s %s%s%s", rule->type, major, minor, rule->access & BOX_DEVICE_READ ? "r" : "",
            rule->access & BOX_DEVICE_WRITE ? "w" : "", rule->access & BOX_DEVICE_MAKE ? "m" : "");
}

static bool
is_same (const struct box_device_rule *one, const struct box_device_rule *other)
{
  return one->allow == other->allow && one->type == other->type && one->major == other->major
         && one->minor == other->minor && one->access == other->access;
}

/* Engines list the default devices, too: what holds already is not written again. */
static bool
holds_already (const struct box_device_rules *rules, size_t index)
{
  for (size_t i = index; i-- > 0;)
    if (is_same (&rules->rules[i], &rules->rules[index]))
      return true;
    else if (rules->rules[i].allow != rules->rules[index].allow)
      return false;
  return false;
}

static int write_rule_v1 (int file, const char *path, const struct box_device_rule *rule, struct tss_error *error);

/* Of a rule that begins with "a" the kernel takes no notice of the rest. */
static int
write_both_types (int file, const char *path, const struct box_device_rule *rule, struct tss_error *error)
{
  struct box_device_rule block = *rule, character = *rule;

  block.type = 'b';
  character.type = 'c';
  return write_rule_v1 (file, path, &block, error) < 0 ? -1 : write_rule_v1 (file, path, &character, error);
}

/* A rule for everything is written as "a" alone. */
static int
write_rule_v1 (int file, const char *path, const struct box_device_rule *rule, struct tss_error *error)
{
  char text[64];

  if (rule->type == 'a' && !covers_all (rule))
    return write_both_types (file, path, rule, error);
  box_device_rule_format (rule, text, sizeof text);
  if (covers_all (rule))
    snprintf (text, sizeof text, "a");
  /* A caller that is itself confined cannot give what it does not have; only what the spec asks for is missed. */
  if (TSS_RETRY (write (file, text, strlen (text))) >= 0 || (errno == EPERM && rule->allow && rule->promised))
    return 0;
  return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "linux.resources.devices: write \"%s\" into %s/%s", text,
                        path, rule->allow ? "devices.allow" : "devices.deny");
}

static int
open_in (const char *directory, const char *file, struct tss_error *error)
{
  char path[PATH_MAX];
  int fd;

  snprintf (path, sizeof path, "%s/%s", directory, file);
  fd = TSS_RETRY (open (path, O_WRONLY | O_CLOEXEC));
  return fd >= 0 ? fd : tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "linux.resources.devices: open %s", path);
}

/* The kernel takes one rule a write. */
static int
write_v1 (const struct box_device_rules *rules, const char *path, struct tss_error *error)
{
  tss_autofd int deny = open_in (path, "devices.deny", error);
  tss_autofd int allow = deny < 0 ? -1 : open_in (path, "devices.allow", error);

  if (allow < 0)
    return -1;
  for (size_t i = 0; i < rules->count; i++)
    if (!holds_already (rules, i)
        && write_rule_v1 (rules->rules[i].allow ? allow : deny, path, &rules->rules[i], error) < 0)
      return -1;
  return 0;
}

/* What was denied before is not any more. A caller that is itself confined can only leave it as it is. */
static int
lift_v1 (const char *path, struct tss_error *error)
{
  static const struct box_device_rule everything = { true, 'a', BOX_DEVICE_ANY, BOX_DEVICE_ANY, ALL_ACCESS, true };
  tss_autofd int allow = open_in (path, "devices.allow", error);

  return allow < 0 ? -1 : write_rule_v1 (allow, path, &everything, error);
}

int
box_cgroup_apply_devices (const struct box_cgroup *cgroup, const json_t *resources, struct tss_error *error)
{
  const struct box_cgroup_directory *v1 = box_cgroup_find (cgroup, "devices");
  const struct box_cgroup_directory *unified = box_cgroup_find (cgroup, "");
  __attribute__ ((cleanup (box_device_rules_free))) struct box_device_rules rules = { 0 };
  bool all;

  if (box_device_rules_parse (resources, &rules, error) < 0)
    return -1;
  all = box_device_rules_allow_all (&rules);
  if (v1)
    return all ? lift_v1 (v1->path, error) : write_v1 (&rules, v1->path, error);
  if (unified)
    return all ? box_device_program_detach (unified->path, error)
               : box_device_program_attach (&rules, unified->path, error);
  if (all)
    return 0;
  return tss_error_set (error, TSS_ERROR_CGROUP, 0, "linux.resources.devices",
                        "linux.resources.devices: this host has no cgroups mounted");
}
