/* Which devices a container may open or make. Internal to cgroup*.c. */
#ifndef TSSTACK_BOX_CGROUP_DEVICES_H
#define TSSTACK_BOX_CGROUP_DEVICES_H

#include "../common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum box_device_access
{
  BOX_DEVICE_MAKE = 1,
  BOX_DEVICE_READ = 2,
  BOX_DEVICE_WRITE = 4,
};

enum
{
  BOX_DEVICE_ANY = -1
};

/* Later rules win over earlier ones. */
struct box_device_rule
{
  bool allow;
  char type; /* 'a', 'b' or 'c' */
  int64_t major, minor;
  unsigned int access;
  bool promised; /* a default, not from the spec */
};

struct box_device_rules
{
  struct box_device_rule *rules;
  size_t count;
};

/* The rules of linux.resources.devices, then the devices that the runtime spec promises to every container. Without the
 * former everything else is denied. */
int box_device_rules_parse (const json_t *resources, struct box_device_rules *rules, struct tss_error *error);
void box_device_rules_free (struct box_device_rules *rules);

/* Whether nothing is denied. */
bool box_device_rules_allow_all (const struct box_device_rules *rules);

/* "c 1:3 rwm" as devices.allow and devices.deny of v1 take it. */
void box_device_rule_format (const struct box_device_rule *rule, char *text, size_t size);

/* Loads a program for the rules and attaches it to the cgroup at PATH, in place of earlier ones of ours. */
int box_device_program_attach (const struct box_device_rules *rules, const char *path, struct tss_error *error);

/* Takes earlier ones away. */
int box_device_program_detach (const char *path, struct tss_error *error);

struct bpf_insn;

/* The program itself: a malloced array of *COUNT instructions, NULL without memory. */
struct bpf_insn *box_device_program_compile (const struct box_device_rules *rules, size_t *count);

#endif
