/* Device rules as a small program for the kernel, as the unified hierarchy has no files for them. */
#include "../common/cleanup.h"
#include "cgroup-devices.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

/* Registers. The context, a struct bpf_cgroup_dev_ctx, arrives in R1. */
enum
{
  RESULT = BPF_REG_0,
  CONTEXT = BPF_REG_1,
  TYPE = BPF_REG_2,
  ACCESS = BPF_REG_3,
  MAJOR = BPF_REG_4,
  MINOR = BPF_REG_5,
  SCRATCH = BPF_REG_1, /* the context is not needed once its fields are loaded */
};

enum
{
  PROLOGUE_LENGTH = 6,
  MAX_RULE_LENGTH = 8,
  EPILOGUE_LENGTH = 2,
  PROGRAMS_MAX = 64, /* of one cgroup: the kernel's own bound */
};

struct program
{
  struct bpf_insn *instructions;
  size_t count;
};

static void
emit (struct program *program, unsigned int code, unsigned int destination, unsigned int source, int offset,
      int32_t immediate)
{
  struct bpf_insn instruction = { .code = (uint8_t)code, .off = (int16_t)offset, .imm = immediate };

  instruction.dst_reg = destination & 0xf;
  instruction.src_reg = source & 0xf;
  program->instructions[program->count++] = instruction;
}

static void
emit_prologue (struct program *program)
{
  const int access_type = offsetof (struct bpf_cgroup_dev_ctx, access_type);

  emit (program, BPF_LDX | BPF_MEM | BPF_W, TYPE, CONTEXT, access_type, 0);
  emit (program, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
  emit (program, BPF_LDX | BPF_MEM | BPF_W, ACCESS, CONTEXT, access_type, 0);
  emit (program, BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
  emit (program, BPF_LDX | BPF_MEM | BPF_W, MAJOR, CONTEXT, offsetof (struct bpf_cgroup_dev_ctx, major), 0);
  emit (program, BPF_LDX | BPF_MEM | BPF_W, MINOR, CONTEXT, offsetof (struct bpf_cgroup_dev_ctx, minor), 0);
}

/* Instructions that a rule takes, which is how far its tests jump when they fail. */
static int
rule_length (const struct box_device_rule *rule)
{
  return (rule->type != 'a') + (rule->major != BOX_DEVICE_ANY) + (rule->minor != BOX_DEVICE_ANY) + (rule->allow ? 2 : 3)
         + 2;
}

/* ACCESS is what no rule has decided on yet: a denying rule decides when it covers any of it, an allowing one takes
 * away what it covers, and decides when nothing is left. So two rules that allow to read and to write also allow both.
 */
static void
emit_rule (struct program *program, const struct box_device_rule *rule)
{
  size_t end = program->count + (size_t)rule_length (rule);
  const int32_t kind = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;

#define TO_END ((int)(end - program->count - 1))
  if (rule->type != 'a')
    emit (program, BPF_JMP | BPF_JNE | BPF_K, TYPE, 0, TO_END, kind);
  if (rule->major != BOX_DEVICE_ANY)
    emit (program, BPF_JMP | BPF_JNE | BPF_K, MAJOR, 0, TO_END, (int32_t)rule->major);
  if (rule->minor != BOX_DEVICE_ANY)
    emit (program, BPF_JMP | BPF_JNE | BPF_K, MINOR, 0, TO_END, (int32_t)rule->minor);
  if (rule->allow)
    {
      emit (program, BPF_ALU | BPF_AND | BPF_K, ACCESS, 0, 0, (int32_t)~rule->access);
      emit (program, BPF_JMP | BPF_JNE | BPF_K, ACCESS, 0, TO_END, 0);
    }
  else
    {
      emit (program, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, ACCESS, 0, 0);
      emit (program, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, (int32_t)rule->access);
      emit (program, BPF_JMP | BPF_JEQ | BPF_K, SCRATCH, 0, TO_END, 0);
    }
#undef TO_END
  emit (program, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, 0, rule->allow);
  emit (program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

struct bpf_insn *
box_device_program_compile (const struct box_device_rules *rules, size_t *count)
{
  struct program program = { .instructions = calloc (PROLOGUE_LENGTH + rules->count * MAX_RULE_LENGTH + EPILOGUE_LENGTH,
                                                     sizeof *program.instructions) };

  if (!program.instructions)
    return NULL;
  emit_prologue (&program);
  /* The last rule about an access decides on it, so that looking from the end the first one does. */
  for (size_t i = rules->count; i-- > 0;)
    emit_rule (&program, &rules->rules[i]);
  emit (&program, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, 0, 0);
  emit (&program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  *count = program.count;
  return program.instructions;
}

static int
call_bpf (enum bpf_cmd command, union bpf_attr *attributes)
{
  return (int)syscall (SYS_bpf, command, attributes, sizeof *attributes);
}

static int
load_program (const struct box_device_rules *rules)
{
  size_t count = 0;
  tss_autofree struct bpf_insn *instructions = box_device_program_compile (rules, &count);
  static const char licence[] = "Apache-2.0";
  union bpf_attr attributes;

  if (!instructions)
    return -1;
  memset (&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = (uint64_t)(uintptr_t)instructions;
  attributes.insn_cnt = (uint32_t)count;
  attributes.license = (uint64_t)(uintptr_t)licence;
  return call_bpf (BPF_PROG_LOAD, &attributes);
}

/* Programs that are attached already all have a say; an update must take the old one away. */
static void
detach (int cgroup, const uint32_t *programs, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++)
    {
      union bpf_attr attributes;
      tss_autofd int program = -1;

      memset (&attributes, 0, sizeof attributes);
      attributes.prog_id = programs[i];
      program = call_bpf (BPF_PROG_GET_FD_BY_ID, &attributes);
      if (program < 0)
        continue;
      memset (&attributes, 0, sizeof attributes);
      attributes.target_fd = (uint32_t)cgroup;
      attributes.attach_bpf_fd = (uint32_t)program;
      attributes.attach_type = BPF_CGROUP_DEVICE;
      call_bpf (BPF_PROG_DETACH, &attributes);
    }
}

static uint32_t
list_attached (int cgroup, uint32_t *programs, uint32_t capacity)
{
  union bpf_attr attributes;

  memset (&attributes, 0, sizeof attributes);
  attributes.query.target_fd = (uint32_t)cgroup;
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = (uint64_t)(uintptr_t)programs;
  attributes.query.prog_cnt = capacity;
  return call_bpf (BPF_PROG_QUERY, &attributes) < 0 ? 0 : attributes.query.prog_cnt;
}

int
box_device_program_attach (const struct box_device_rules *rules, const char *path, struct tss_error *error)
{
  tss_autofd int cgroup = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  tss_autofd int program = cgroup < 0 ? -1 : load_program (rules);
  uint32_t attached[PROGRAMS_MAX];
  uint32_t count;
  union bpf_attr attributes;

  if (program < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, "linux.resources.devices",
                          "linux.resources.devices: load the device program");
  count = list_attached (cgroup, attached, PROGRAMS_MAX);
  memset (&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (call_bpf (BPF_PROG_ATTACH, &attributes) < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, "linux.resources.devices",
                          "linux.resources.devices: attach the device program to %s", path);
  detach (cgroup, attached, count);
  return 0;
}

int
box_device_program_detach (const char *path, struct tss_error *error)
{
  tss_autofd int cgroup = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  uint32_t attached[PROGRAMS_MAX];

  if (cgroup < 0)
    return tss_error_set (error, TSS_ERROR_CGROUP, errno, path, "linux.resources.devices: open %s", path);
  detach (cgroup, attached, list_attached (cgroup, attached, PROGRAMS_MAX));
  return 0;
}
