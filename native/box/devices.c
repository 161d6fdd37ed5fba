/* Device nodes and the symlinks of /dev. */
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* "Default Devices" of the runtime spec. */
static const struct
{
  const char *path;
  unsigned int major, minor;
} default_devices[] = {
  { "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
  { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct
{
  const char *target, *name;
} links[] = {
  { "/proc/self/fd", "fd" },       { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
  { "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" },
};

/* A new node belongs to root, which is what is asked for nearly always. */
static int
give_node (int parent, const char *name, const struct box_device *device)
{
  if (device->uid == 0 && device->gid == 0)
    return 0;
  return fchownat (parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW);
}

/* An image may have the node already. Whatever else lies there gives way to what every container has, and is an error
 * for a device of the spec. */
static int
make_node (int parent, const char *name, const struct box_device *device)
{
  struct stat status;

  if (mknodat (parent, name, device->mode, device->number) < 0)
    {
      if (errno != EEXIST || fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
      if ((status.st_mode & S_IFMT) == (device->mode & S_IFMT) && status.st_rdev == device->number)
        return give_node (parent, name, device);
      errno = EEXIST;
      if (!device->is_default || unlinkat (parent, name, 0) < 0
          || mknodat (parent, name, device->mode, device->number) < 0)
        return -1;
    }
  return give_node (parent, name, device);
}

static bool
is_listed (const struct box_spec *spec, const char *path)
{
  for (size_t i = 0; i < spec->device_count; i++)
    if (strcmp (spec->devices[i].path, path) == 0)
      return true;
  return false;
}

/* Device number NUMBER of those that the container gets: the defaults, then the spec's. False past the last; with an
 * empty path for a default that the spec has too. */
static bool
get_device (const struct box_spec *spec, size_t number, struct box_device *device)
{
  if (number >= TSS_LENGTH (default_devices) + spec->device_count)
    return false;
  if (number >= TSS_LENGTH (default_devices))
    {
      *device = spec->devices[number - TSS_LENGTH (default_devices)];
      return true;
    }
  *device = (struct box_device){ .is_default = true,
                                 .path = default_devices[number].path,
                                 .mode = S_IFCHR | 0666,
                                 .number = makedev (default_devices[number].major, default_devices[number].minor) };
  if (is_listed (spec, device->path))
    device->path = "";
  return true;
}

static int
make_device (struct box_setup *setup, const struct box_device *device, struct tss_error *error)
{
  const char *name;
  tss_autofd int parent = box_target_make_parent (setup->root, device->path, &name, error);

  if (parent < 0)
    return -1;
  if (make_node (parent, name, device) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, device->path, "make the device %s", device->path);
  return 0;
}

static int
bind_device (struct box_setup *setup, const struct box_device *device, int source, struct tss_error *error)
{
  tss_autofd int target = box_target_make (setup->root, device->path, false, error);

  return target < 0 ? -1 : box_attach_tree (source, target, device->path, error);
}

static int
make_links (int parent, struct tss_error *error)
{
  for (size_t i = 0; i < TSS_LENGTH (links); i++)
    {
      if (symlinkat (links[i].target, parent, links[i].name) == 0)
        continue;
      if (errno == EEXIST && unlinkat (parent, links[i].name, 0) == 0
          && symlinkat (links[i].target, parent, links[i].name) == 0)
        continue;
      return tss_error_set (error, TSS_ERROR_MOUNT, errno, "/dev", "make the link /dev/%s", links[i].name);
    }
  return 0;
}

/* A /dev that comes from the host as it is must not be changed. */
static bool
is_dev_bound (const struct box_spec *spec)
{
  for (size_t i = 0; i < spec->mount_count; i++)
    if (spec->mounts[i].bind && strcmp (spec->mounts[i].destination, "/dev") == 0)
      return true;
  return false;
}

static int
name_device (size_t number, struct tss_error *error)
{
  char field[64];

  if (number < TSS_LENGTH (default_devices))
    return -1;
  snprintf (field, sizeof field, "linux.devices[%zu]", number - TSS_LENGTH (default_devices));
  return tss_error_within (error, field);
}

static int
make_devices (struct box_setup *setup, struct tss_error *error)
{
  struct box_device device;

  for (size_t i = 0; get_device (setup->spec, i, &device); i++)
    if (*device.path
        && (setup->device_sources ? bind_device (setup, &device, setup->device_sources[i], error)
                                  : make_device (setup, &device, error))
               < 0)
      return name_device (i, error);
  return 0;
}

int
box_setup_devices (struct box_setup *setup, struct tss_error *error)
{
  tss_autofd int parent = -1;
  mode_t mask;
  int result;

  if (is_dev_bound (setup->spec))
    return 0;
  parent = box_target_make (setup->root, "/dev", true, error);
  if (parent < 0)
    return -1;
  mask = umask (0);
  result = make_devices (setup, error) < 0 ? -1 : make_links (parent, error);
  umask (mask);
  return result;
}

/* Ids of the node are the container's, which its user namespace maps. */
static int
make_source (struct box_setup *setup, int directory, size_t number, struct box_device *device, struct tss_error *error)
{
  char name[32];
  int tree;

  snprintf (name, sizeof name, "%zu", number);
  if (!box_id_map_find (&setup->maps.users, device->uid, &device->uid)
      || !box_id_map_find (&setup->maps.groups, device->gid, &device->gid))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "linux.devices",
                          "linux.devices: the owner of %s is not mapped in the user namespace", device->path);
  if (make_node (directory, name, device) < 0
      || (tree = open_tree (directory, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, device->path, "make the device %s", device->path);
  return tree;
}

/* In a user namespace nobody makes device nodes: they are made before, in a tmpfs of the host. */
int
box_setup_device_sources (struct box_setup *setup, struct tss_error *error)
{
  const char *bundle = setup->options->bundle;
  tss_autofd int directory = -1;
  struct box_device device;
  mode_t mask = umask (0);

  setup->device_sources
      = calloc (TSS_LENGTH (default_devices) + setup->spec->device_count, sizeof *setup->device_sources);
  if (!setup->device_sources)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "linux.devices", "linux.devices: make the devices");
  if (mount ("tmpfs", bundle, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755") < 0
      || (directory = open (bundle, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, bundle, "make a place for the devices");
  for (size_t i = 0; get_device (setup->spec, i, &device); i++)
    if (*device.path && (setup->device_sources[i] = make_source (setup, directory, i, &device, error)) < 0)
      return -1;
  umask (mask);
  if (umount2 (bundle, MNT_DETACH) < 0)
    return tss_error_set (error, TSS_ERROR_MOUNT, errno, bundle, "leave the place of the devices");
  return 0;
}
