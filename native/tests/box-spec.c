/* Reading the spec: mount options, capabilities, and errors that name the field. */
#include "../box/environment.h"
#include "../box/mount-label.h"
#include "../box/mount-options.h"
#include "../box/spec.h"
#include "../common/cleanup.h"
#include "check.h"

#include <sched.h>
#include <sys/mount.h>

static struct box_mount
parse_options (const char *const *options)
{
  struct box_mount mount = { .destination = "/x", .type = "tmpfs" };
  struct tss_error error = { 0 };

  CHECK (box_mount_options_parse (options, "mounts[0]", &mount, &error) == 0);
  return mount;
}

static void
test_mount_options (void)
{
  struct box_mount mount = parse_options (
      (const char *const[]){ "nosuid", "ro", "rw", "noatime", "relatime", "size=5m", "mode=700", NULL });

  CHECK (mount.set == (MS_NOSUID | MS_RELATIME));
  CHECK (mount.cleared & MS_RDONLY && mount.cleared & MS_NOATIME);
  CHECK_STRING (mount.data, "size=5m,mode=700");
  CHECK (!mount.bind && mount.propagation == 0);
  free (mount.data);
  mount = parse_options ((const char *const[]){ "rbind", "rslave", "rro", "rnoexec", NULL });
  CHECK (mount.bind && mount.recursive && mount.propagation == (MS_SLAVE | MS_REC));
  CHECK (mount.recursive_set == (MS_RDONLY | MS_NOEXEC) && mount.set == 0);
  mount = parse_options ((const char *const[]){ "rbind", "ridmap", NULL });
  CHECK (mount.ids == BOX_MOUNT_IDS_MAPPED_RECURSIVELY && !mount.data);
  mount = parse_options ((const char *const[]){ "tmpcopyup", NULL });
  CHECK (mount.copy_up && !mount.data);
}

static int
count_word (const char *name, void *context)
{
  struct box_mount mount = { 0 };
  struct tss_error error = { 0 };
  size_t *count = context;

  ++*count;
  CHECK (box_mount_options_parse ((const char *const[]){ name, NULL }, "mounts[0]", &mount, &error) == 0);
  /* None of them is taken for an option of the file system. */
  CHECK (!mount.data);
  free (mount.data);
  return 0;
}

static void
test_mount_option_words (void)
{
  size_t count = 0;

  CHECK (box_mount_options_visit (count_word, &count) == 0);
  CHECK (count > 55);
}

static void
check_label (const char *label, const char *type, const char *options, const char *expected)
{
  tss_autofree char *result = NULL;

  CHECK (box_mount_label_add (label, type, options, &result) == 0);
  if (expected)
    CHECK_STRING (result, expected);
  else
    CHECK (!result);
}

static void
test_mount_labels (void)
{
  check_label (NULL, "tmpfs", NULL, NULL);
  check_label (NULL, "tmpfs", "size=1m", "size=1m");
  check_label ("a:b:c1,c2", "tmpfs", NULL, "context=\"a:b:c1,c2\"");
  check_label ("a:b", "devpts", "gid=5", "gid=5,context=\"a:b\"");
  check_label ("a:b", "proc", NULL, NULL);
  check_label ("a:b", "sysfs", "x", "x");
}

static void
test_bad_mount_options (void)
{
  struct box_mount mount = { .bind = true };
  struct tss_error error = { 0 };

  CHECK (box_mount_options_parse ((const char *const[]){ "size=5m", NULL }, "mounts[0]", &mount, &error) < 0);
  CHECK_STRING (error.message, "mounts[0].options: a bind mount takes no option size=5m");
  free (mount.data);
}

static void
test_capabilities (void)
{
  CHECK (box_capability_number ("CAP_CHOWN") == 0);
  CHECK (box_capability_number ("sys_admin") == 21);
  CHECK (box_capability_number ("CAP_CHECKPOINT_RESTORE") == 40);
  CHECK (box_capability_number ("CAP_NONE") == -1);
  CHECK (box_capability_name (41) == NULL);
}

static void
test_cpus (void)
{
  struct box_cpus cpus;

  CHECK (box_cpus_parse ("0-3,7", &cpus) == 0 && cpus.words[0] == 0x8f);
  CHECK (box_cpus_parse ("64,8191", &cpus) == 0 && cpus.words[1] == 1 && cpus.words[127] == 1UL << 63);
  CHECK (box_cpus_parse ("", &cpus) < 0);
  CHECK (box_cpus_parse ("3-", &cpus) < 0);
  CHECK (box_cpus_parse ("3-2", &cpus) < 0);
  CHECK (box_cpus_parse ("1,", &cpus) < 0);
  CHECK (box_cpus_parse ("-1", &cpus) < 0);
  CHECK (box_cpus_parse ("1 2", &cpus) < 0);
  CHECK (box_cpus_parse ("8192", &cpus) < 0);
  CHECK (box_cpus_parse ("99999999999999999999", &cpus) < 0);
}

static void
test_unknown_capabilities (void)
{
  tss_autojson json_t *object
      = json_loads ("{\"bounding\":[\"CAP_KILL\",\"CAP_FLY\"],\"effective\":[\"CAP_FLY\"]}", 0, NULL);
  struct box_capabilities capabilities;
  struct box_unknown_capabilities unknown = { 0 };
  struct tss_error error = { 0 };

  CHECK (box_capabilities_parse (object, "x", &capabilities, &unknown, &error) == 0);
  CHECK (capabilities.bounding == 1 << 5 && capabilities.effective == 0);
  CHECK (unknown.count == 1);
  CHECK_STRING (unknown.names[0], "CAP_FLY");
  free (unknown.names);
}

static void
test_home (void)
{
  char passwd[] = "root:x:0:0:root:/root:/bin/sh\nbroken:x\n:x::0::/no:/x\nuser:x:1000:1000::/home/user:/bin/sh\n"
                  "odd:x:7:7::relative:/x";

  CHECK_STRING (box_find_home (passwd, 1000), "/home/user");
  CHECK (box_find_home ((char[]){ "odd:x:7:7::relative:/x" }, 7) == NULL);
  CHECK (box_find_home ((char[]){ "" }, 0) == NULL);
}

static const char minimal[]
    = "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"a\"]},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";

static void
test_minimal (void)
{
  tss_autojson json_t *document = json_loads (minimal, 0, NULL);
  struct box_spec spec;
  struct tss_error error = { 0 };

  CHECK (box_spec_parse (document, &spec, &error) == 0);
  CHECK_STRING (spec.process.cwd, "/");
  CHECK (spec.process.umask == BOX_UMASK_UNSET && !spec.process.has_capabilities);
  CHECK (spec.namespaces.created == CLONE_NEWNS);
  box_spec_free (&spec);
}

static void
check_error (const char *key, const char *value, const char *field)
{
  tss_autojson json_t *document = json_loads (minimal, 0, NULL);
  json_t *parent = document;
  struct box_spec spec;
  struct tss_error error = { 0 };

  if (strncmp (key, "process.", 8) == 0 || strncmp (key, "linux.", 6) == 0)
    {
      parent = json_object_get (document, key[0] == 'p' ? "process" : "linux");
      key = strchr (key, '.') + 1;
    }
  json_object_set_new (parent, key, json_loads (value, JSON_DECODE_ANY, NULL));
  CHECK (box_spec_parse (document, &spec, &error) < 0);
  CHECK (error.code == TSS_ERROR_INVALID);
  CHECK_STRING (error.path, field);
}

static void
test_errors (void)
{
  check_error ("process", "5", "process");
  check_error ("process", "null", "process");
  check_error ("process.args", "[]", "process.args");
  check_error ("process.args", "[1]", "process.args[0]");
  check_error ("process.cwd", "\"x\"", "process.cwd");
  check_error ("process.user", "{\"uid\":-1}", "process.user.uid");
  check_error ("process.user", "{\"uid\":4294967295}", "process.user.uid");
  check_error ("ociVersion", "\"2.0.0\"", "ociVersion");
  check_error ("ociVersion", "null", "ociVersion");
  check_error ("process.oomScoreAdj", "5000", "process.oomScoreAdj");
  check_error ("process.oomScoreAdj", "-9223372036854775808", "process.oomScoreAdj");
  check_error ("process.scheduler", "{\"policy\":\"SCHED_FIFO\"}", "process.scheduler.priority");
  check_error ("process.scheduler", "{\"policy\":\"SCHED_DEADLINE\"}", "process.scheduler.runtime");
  check_error ("process.ioPriority", "{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":-1}", "process.ioPriority.priority");
  check_error ("process.execCPUAffinity", "{\"final\":\"0-\"}", "process.execCPUAffinity.final");
  check_error ("process.capabilities", "{\"effective\":[7]}", "process.capabilities.effective[0]");
  check_error ("process.user", "{\"additionalGids\":[1,-2]}", "process.user.additionalGids[1]");
  check_error ("process.rlimits", "[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]", "process.rlimits[0].soft");
  check_error ("linux.personality", "{\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "linux.personality.flags");
  check_error ("hooks", "[]", "hooks");
  check_error ("hooks", "{\"poststop\":[{\"path\":\"/x\"},{\"args\":[]}]}", "hooks.poststop[1].path");
  check_error ("hooks", "{\"prestart\":[{\"path\":\"/x\",\"timeout\":0}]}", "hooks.prestart[0].timeout");
  check_error ("annotations", "{\"key\":1}", "annotations.key");
  check_error ("annotations", "{\"\":\"x\"}", "annotations");
  check_error ("hostname", "\"x\"", "hostname");
  check_error ("mounts", "{}", "mounts");
  check_error ("mounts", "[{\"destination\":\"/x\",\"type\":\"bind\"}]", "mounts[0].source");
  check_error ("mounts", "[{\"type\":\"tmpfs\"}]", "mounts[0].destination");
  check_error ("linux.namespaces", "[]", "linux.namespaces");
  check_error ("linux.namespaces", "[{\"type\":\"mount\"},{\"type\":\"user\"}]", "linux.uidMappings");
  check_error ("linux.sysctl", "{\"kernel.panic\":\"1\"}", "linux.sysctl.kernel.panic");
  check_error ("linux.sysctl", "{\"net.//.kernel.panic\":\"1\"}", "linux.sysctl.net.//.kernel.panic");
  check_error ("linux.sysctl", "{\"net.core.somaxconn\":\"1\"}", "linux.sysctl.net.core.somaxconn");
  check_error ("linux.devices", "[{\"path\":\"/dev/x\",\"type\":\"z\"}]", "linux.devices[0].type");
  check_error ("linux.devices", "[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1}]", "linux.devices[0].minor");
  check_error ("linux.resources", "{\"devices\":[{\"access\":\"r\"}]}", "linux.resources.devices[0].allow");
  check_error ("linux.resources", "{\"pids\":{\"limit\":\"many\"}}", "linux.resources.pids.limit");
  check_error ("linux.rootfsPropagation", "\"odd\"", "linux.rootfsPropagation");
  check_error ("mounts", "[{\"destination\":\"\",\"type\":\"tmpfs\"}]", "mounts[0].destination");
  check_error ("linux.mountLabel", "[]", "linux.mountLabel");
}

int
main (void)
{
  test_mount_options ();
  test_mount_option_words ();
  test_mount_labels ();
  test_bad_mount_options ();
  test_capabilities ();
  test_cpus ();
  test_unknown_capabilities ();
  test_home ();
  test_minimal ();
  test_errors ();
  return check_finish ("box-spec");
}
