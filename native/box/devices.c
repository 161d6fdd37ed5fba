/* Device nodes and the symlinks of /dev. */
#include "../common/cleanup.h"
#include "setup.h"
#include "target.h"

#include <fcntl.h>
#include <string.h>
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

/* An image may have the node already; whatever else lies there gives way. */
static int
make_node (int parent, const char *name, const struct box_device *device)
{
  struct stat status;

  if (mknodat (parent, name, device->mode, device->number) < 0)
    {
      if (errno != EEXIST || fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
      if ((status.st_mode & S_IFMT) != (device->mode & S_IFMT) || status.st_rdev != device->number)
        if (unlinkat (parent, name, 0) < 0 || mknodat (parent, name, device->mode, device->number) < 0)
          return -1;
    }
  /* A new node belongs to root, which is what is asked for nearly always. */
  if (device->uid == 0 && device->gid == 0)
    return 0;
  return fchownat (parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW);
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

static bool
is_listed (const struct box_spec *spec, const char *path)
{
  for (size_t i = 0; i < spec->device_count; i++)
    if (strcmp (spec->devices[i].path, path) == 0)
      return true;
  return false;
}

static int
make_default_devices (struct box_setup *setup, int parent, struct tss_error *error)
{
  for (size_t i = 0; i < TSS_LENGTH (default_devices); i++)
    {
      struct box_device device = { .path = default_devices[i].path,
                                   .mode = S_IFCHR | 0666,
                                   .number = makedev (default_devices[i].major, default_devices[i].minor) };

      if (is_listed (setup->spec, device.path))
        continue;
      if (make_node (parent, strrchr (device.path, '/') + 1, &device) < 0)
        return tss_error_set (error, TSS_ERROR_MOUNT, errno, device.path, "make the device %s", device.path);
    }
  return 0;
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

int
box_setup_devices (struct box_setup *setup, struct tss_error *error)
{
  tss_autofd int parent = -1;
  mode_t mask;

  if (is_dev_bound (setup->spec))
    return 0;
  parent = box_target_make (setup->root, "/dev", true, error);
  if (parent < 0)
    return -1;
  mask = umask (0);
  if (make_default_devices (setup, parent, error) < 0 || make_links (parent, error) < 0)
    return -1;
  for (size_t i = 0; i < setup->spec->device_count; i++)
    if (make_device (setup, &setup->spec->devices[i], error) < 0)
      return -1;
  umask (mask);
  return 0;
}
