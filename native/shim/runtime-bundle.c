/* The bundle for another OCI runtime. */
#include "runtime-bundle.h"
#include "../box/mount-label.h"
#include "../box/overlay.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

static int
make_path (const struct shim_options *options, const char *name, char *path, struct tss_error *error)
{
  if ((size_t)snprintf (path, PATH_MAX, "%s/runtime%s", options->bundle, name) < PATH_MAX)
    return 0;
  return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "bundle", "make the runtime's bundle in %s",
                        options->bundle);
}

int
runtime_bundle_path (const struct shim_options *options, char *path, struct tss_error *error)
{
  return make_path (options, "", path, error);
}

/* What is mounted on the host later is seen here, too; what is mounted here is not seen there. */
static int
enter_mount_namespace (struct tss_error *error)
{
  static bool has_entered;

  if (has_entered)
    return 0;
  if (unshare (CLONE_NEWNS) < 0 || mount ("none", "/", "none", MS_REC | MS_SLAVE, NULL) < 0)
    return tss_error_set (error, TSS_ERROR_NAMESPACE, errno, "", "make a mount namespace for the runtime");
  has_entered = true;
  return 0;
}

/* A root of one layer that is not written to needs no overlay; the kernel does not even allow one of that kind. */
static int
mount_single_layer (const struct box_overlay *overlay, const char *root)
{
  if (mount (overlay->lower[0], root, "none", MS_BIND, NULL) < 0)
    return -1;
  return mount ("none", root, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

static int
mount_layers (const struct box_overlay *overlay, const char *label, const char *root)
{
  /* mount(2) copies one page of options. */
  char layers[4096];
  tss_autofree char *options = NULL;

  if (!overlay->upper && !overlay->lower[1])
    return mount_single_layer (overlay, root);
  if (box_overlay_format (overlay, layers, sizeof layers) < 0
      || box_mount_label_add (label, "overlay", layers, &options) < 0 || strlen (options) >= sizeof layers)
    {
      errno = E2BIG;
      return -1;
    }
  return mount ("overlay", root, "overlay", overlay->upper ? 0 : MS_RDONLY, options);
}

/* Other runtimes give it to what they mount themselves. */
static const char *
mount_label (const json_t *spec)
{
  const char *label = json_string_value (json_object_get (json_object_get (spec, "linux"), "mountLabel"));

  return label && *label ? label : NULL;
}

/* Short names of layers begin in their directory. */
static int
mount_root (const struct shim_options *options, const json_t *spec, const char *root, struct tss_error *error)
{
  const struct box_overlay *overlay = &options->overlay;
  int result;

  if (overlay->map_ids)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "rootfs.mapIds",
                          "rootfs.mapIds: a user namespace of its own (userns_mode) needs the runtime of tsstack");
  if (overlay->directory && chdir (overlay->directory) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->directory, "enter %s", overlay->directory);
  result = mount_layers (overlay, mount_label (spec), root);
  if (result < 0)
    tss_error_set (error, TSS_ERROR_MOUNT, errno, overlay->upper ? overlay->upper : overlay->lower[0],
                   "mount the layers");
  (void)!chdir ("/");
  return result;
}

/* crun 1.8 refuses documents of any other minor version, though later ones only add members. */
#define OLDEST_VERSION "1.0.2"

/* The root file system is where we have mounted it, the cgroup where shim.json has it. */
static json_t *
adapt (const struct shim_options *options, const json_t *spec, const char *root)
{
  json_t *adapted = json_deep_copy (spec);
  json_t *linux_part = json_object_get (adapted, "linux");

  json_object_set_new (adapted, "ociVersion", json_string (OLDEST_VERSION));
  if (options->has_overlay && adapted)
    {
      json_t *object = json_object_get (adapted, "root");

      if (!object)
        json_object_set_new (adapted, "root", object = json_object ());
      json_object_set_new (object, "path", json_string (root));
    }
  if (options->cgroup && linux_part)
    json_object_set_new (linux_part, "cgroupsPath", json_string (options->cgroup));
  return adapted;
}

static int
write_config (const struct shim_options *options, const json_t *spec, const char *root, struct tss_error *error)
{
  tss_autojson json_t *adapted = adapt (options, spec, root);
  tss_autofree char *text = adapted ? tss_json_format (adapted) : NULL;
  char path[PATH_MAX];

  if (make_path (options, "/config.json", path, error) < 0)
    return -1;
  if (!text)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, path, "write %s", path);
  if (tss_replace_file_at (AT_FDCWD, path, text, strlen (text), 0600) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "write %s", path);
  return 0;
}

int
runtime_bundle_make (const struct shim_options *options, const json_t *spec, struct tss_error *error)
{
  char root[PATH_MAX];

  if (make_path (options, "/rootfs", root, error) < 0 || enter_mount_namespace (error) < 0)
    return -1;
  if (tss_make_directories (root, 0700) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, root, "make %s", root);
  runtime_bundle_unmount (options);
  if (options->has_overlay && mount_root (options, spec, root, error) < 0)
    return -1;
  return write_config (options, spec, root, error);
}

void
runtime_bundle_unmount (const struct shim_options *options)
{
  char root[PATH_MAX];

  if (make_path (options, "/rootfs", root, NULL) == 0)
    umount2 (root, MNT_DETACH | UMOUNT_NOFOLLOW);
}
