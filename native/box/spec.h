/* What an OCI runtime spec asks for, checked and in C types. Strings and JSON values are borrowed from the document. */
#ifndef TSSTACK_BOX_SPEC_H
#define TSSTACK_BOX_SPEC_H

#include "../common/error.h"
#include "capabilities.h"
#include "id-map.h"
#include "scheduling.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct box_namespace_kind
{
  const char *name; /* in linux.namespaces */
  const char *link; /* under /proc/PID/ns */
  int flag;         /* CLONE_NEW... */
};

enum
{
  BOX_NAMESPACE_KINDS = 8
};
extern const struct box_namespace_kind box_namespace_kinds[BOX_NAMESPACE_KINDS];

struct box_namespaces
{
  int created;                             /* CLONE_NEW... of those to make */
  const char *joined[BOX_NAMESPACE_KINDS]; /* path of those to join, by index of box_namespace_kinds */
};

/* linux.timeOffsets: by how much the clocks of a time namespace are ahead of the host's. */
struct box_time_offset
{
  bool given;
  int64_t seconds;
  uint32_t nanoseconds;
};

enum
{
  BOX_CLOCKS = 2
};
extern const char *const box_clock_names[BOX_CLOCKS];

struct box_rlimit
{
  int resource;
  const char *name;
  struct rlimit limit;
};

enum
{
  BOX_UMASK_UNSET = -1
};

struct box_process
{
  bool terminal;
  unsigned short rows, columns; /* 0: leave the kernel's default */
  uid_t uid;
  gid_t gid;
  gid_t *additional_gids;
  size_t additional_gid_count;
  int umask;              /* or BOX_UMASK_UNSET */
  const char **arguments; /* never empty */
  const char **environment;
  const char *cwd;
  bool has_capabilities;
  struct box_capabilities capabilities;
  struct box_unknown_capabilities unknown_capabilities;
  struct box_rlimit *rlimits;
  size_t rlimit_count;
  bool no_new_privileges;
  bool has_oom_score;
  int oom_score_adjustment;
  const char *apparmor_profile;
  const char *selinux_label;
  struct box_scheduling scheduling;
};

enum box_mount_ids
{
  BOX_MOUNT_IDS_AS_THEY_ARE,
  BOX_MOUNT_IDS_MAPPED,             /* "idmap": that mount alone */
  BOX_MOUNT_IDS_MAPPED_RECURSIVELY, /* "ridmap" */
};

struct box_mount
{
  const char *destination, *source, *type;
  bool bind, recursive;
  bool remount;                                   /* change what is mounted there already */
  bool copy_up;                                   /* tmpfs: fill it with what the image has there */
  unsigned long set, cleared;                     /* MS_... flags */
  unsigned long recursive_set, recursive_cleared; /* the same for the mount and everything below it */
  unsigned long propagation;                      /* MS_PRIVATE and its like, with MS_REC; 0: private */
  enum box_mount_ids ids;
  struct box_id_maps maps; /* for ids; empty: those of the container's user namespace */
  char *data;              /* the file system's own options, comma separated */
  size_t index;            /* in mounts, for messages */
};

struct box_device
{
  bool is_default; /* one that every container has */
  const char *path;
  mode_t mode; /* type and permissions */
  dev_t number;
  uid_t uid;
  gid_t gid;
};

struct box_sysctl
{
  const char *key, *value;
};

/* What personality(2) takes for "tell me". */
#define BOX_PERSONALITY_UNSET 0xffffffffUL

struct box_spec
{
  struct box_process process;
  struct box_namespaces namespaces;
  struct box_id_maps maps; /* of the user namespace; may be empty for one that is joined */
  struct box_time_offset time_offsets[BOX_CLOCKS];
  const char *root_path;
  bool root_readonly;
  unsigned long root_propagation; /* 0: private */
  const char *mount_label;        /* SELinux context of file systems that are made for the container; or NULL */
  const char *hostname, *domainname;
  struct box_mount *mounts;
  size_t mount_count;
  struct box_device *devices;
  size_t device_count;
  struct box_sysctl *sysctls;
  size_t sysctl_count;
  const char **masked_paths, **readonly_paths;
  unsigned long personality; /* for personality(2), or BOX_PERSONALITY_UNSET */
  const char *cgroups_path;
  const json_t *resources; /* linux.resources; read by cgroup-resources.c */
  const json_t *seccomp;   /* linux.seccomp; read by seccomp.c */
  const json_t *hooks;     /* read by hooks.c */
  const json_t *annotations;
};

/* Reads and checks a whole document. SPEC holds pointers into DOCUMENT afterwards. */
int box_spec_parse (const json_t *document, struct box_spec *spec, struct tss_error *error);
void box_spec_free (struct box_spec *spec);

/* Whether the container has a namespace of that kind (CLONE_NEW...) that is not the host's. */
bool box_namespaces_has (const struct box_namespaces *namespaces, int flag);

/* Path of the namespace of that kind to join, NULL when there is none. */
const char *box_namespaces_path (const struct box_namespaces *namespaces, int flag);

/* A process object, as in config.json and for exec; WHERE is its path in messages. */
int box_process_parse (const json_t *object, const char *where, struct box_process *process, struct tss_error *error);
void box_process_free (struct box_process *process);

/* The parts that have files of their own. */
int box_spec_parse_mounts (const json_t *document, struct box_spec *spec, struct tss_error *error);
int box_spec_parse_devices (const json_t *linux_object, struct box_spec *spec, struct tss_error *error);
int box_spec_parse_namespaces (const json_t *linux_object, struct box_namespaces *namespaces, struct tss_error *error);
int box_spec_parse_users (const json_t *linux_object, struct box_spec *spec, struct tss_error *error);
int box_spec_parse_time_offsets (const json_t *linux_object, struct box_spec *spec, struct tss_error *error);
int box_spec_parse_sysctls (const json_t *linux_object, struct box_spec *spec, struct tss_error *error);

/* MS_... for "rprivate", "shared" and so on; 0 when the word is none of them. */
unsigned long box_propagation_flags (const char *word);

#endif
