/* The state of a container while it is set up, in its first process. */
#ifndef TSSTACK_BOX_SETUP_H
#define TSSTACK_BOX_SETUP_H

#include "box.h"
#include "cgroup.h"
#include "channel.h"
#include "spec.h"

struct box_setup
{
  const struct box_spec *spec;
  const struct box_options *options;
  const struct box_cgroup *cgroup;
  struct box_channel channel;
  bool staged;                       /* by box_stage_run */
  int user_namespace;                /* to be that of the container; -1: the host's */
  struct box_id_maps maps;           /* of user_namespace */
  const struct box_overlay *overlay; /* that of options, or one with other names for the same layers */
  const char *mount_point;           /* for the root: the bundle, or a directory in what covers it */
  int root_tree;                     /* made by the stage: the root, which is nowhere yet; or -1 */
  int *device_sources;               /* made by the stage: nodes to bind; NULL: nodes can be made */
  int proc;                          /* the host's /proc, known to be one */
  int root;                          /* O_PATH descriptor of the container's root */
  int *sources;    /* copies of the trees that bind mounts show, by index of mount; -1 for other mounts */
  int null_source; /* the host's /dev/null */
  int terminal;    /* master side, or -1 */
  int terminal_slave;
};

/* The steps, in the order in which the first process takes them. All fail with -1. */
int box_setup_join_cgroup (struct box_setup *setup, struct tss_error *error);  /* when the caller has made it */
int box_setup_open_sources (struct box_setup *setup, struct tss_error *error); /* while the host is still in sight */
int box_setup_device_sources (struct box_setup *setup, struct tss_error *error);
int box_setup_root (struct box_setup *setup, struct tss_error *error);
int box_setup_mounts (struct box_setup *setup, struct tss_error *error);
int box_setup_devices (struct box_setup *setup, struct tss_error *error);
int box_setup_terminal (struct box_setup *setup, struct tss_error *error);
int box_setup_hidden_paths (struct box_setup *setup, struct tss_error *error);
int box_setup_hooks (struct box_setup *setup, struct tss_error *error);
int box_setup_enter_root (struct box_setup *setup, struct tss_error *error);

/* Used by several steps. */

/* Mounts an overlay on TARGET. Layers that show mapped ids can be written to by mapped ids alone: whoever mounts them,
 * and so keeps the overlay's own files, must be the container's root for the file system. */
int box_mount_overlay (struct box_setup *setup, const char *target, unsigned long flags, const char *options);

/* Makes the detached tree TREE, of SOURCE, show owners as USER_NAMESPACE maps them. */
int box_map_tree_ids (int tree, int user_namespace, bool recursive, const char *source, const char *field,
                      struct tss_error *error);

/* The same for the source of a mount that asks for it. */
int box_map_source_ids (struct box_setup *setup, const struct box_mount *mount, struct tss_error *error);

/* Puts mounts of the layers that show mapped ids into a directory that covers the bundle, and has setup->overlay and
 * setup->mount_point name what is there. */
int box_map_layer_ids (struct box_setup *setup, struct tss_error *error);

/* Whether TARGET is the root itself: what is mounted there would not be seen when it is entered. */
bool box_is_root (const struct box_setup *setup, int target);

/* Puts the detached tree SOURCE on TARGET. */
int box_attach_tree (int source, int target, const char *path, struct tss_error *error);

/* Changes the flags (MS_...) of the mount at FD, and with RECURSIVE of all below it, which needs Linux 5.12. */
int box_set_mount_flags (int fd, unsigned long set, unsigned long cleared, bool recursive);

/* Changes the propagation of the mount at FD (MS_PRIVATE and its like, with MS_REC). */
int box_set_propagation (int fd, unsigned long propagation);

/* Mounts the host's cgroups, as the container may see them, on TARGET. */
int box_mount_cgroups (struct box_setup *setup, const struct box_mount *mount, int target, struct tss_error *error);

/* Fills the directory TO, recursively, with what is in FROM, with owners, modes, times and extended attributes. */
int box_copy_tree (int from, int to, struct tss_error *error);

#endif
