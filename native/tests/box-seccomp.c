/* The seccomp compiler against libseccomp's own: both programs are run, by a small interpreter, for every system call
 * number and for arguments around each value that the profile names. */
#include "../box/seccomp-profile.h"
#include "../box/seccomp.h"
#include "../common/cleanup.h"
#include "check.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>

/* Gives the result, and sets `looks_at_arguments` where it has. */
static uint32_t
run_program (const struct sock_filter *program, size_t count, const struct seccomp_data *data, bool *looks_at_arguments)
{
  uint32_t accumulator = 0;

  for (size_t at = 0; at < count; at++)
    {
      const struct sock_filter *instruction = &program[at];
      uint32_t k = instruction->k;

      switch (instruction->code)
        {
        case BPF_LD | BPF_W | BPF_ABS:
          memcpy (&accumulator, (const char *)data + k, sizeof accumulator);
          *looks_at_arguments |= k >= offsetof (struct seccomp_data, args);
          break;
        case BPF_ALU | BPF_AND | BPF_K:
          accumulator &= k;
          break;
        case BPF_JMP | BPF_JA:
          at += k;
          break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          at += accumulator == k ? instruction->jt : instruction->jf;
          break;
        case BPF_JMP | BPF_JGT | BPF_K:
          at += accumulator > k ? instruction->jt : instruction->jf;
          break;
        case BPF_JMP | BPF_JGE | BPF_K:
          at += accumulator >= k ? instruction->jt : instruction->jf;
          break;
        case BPF_RET | BPF_K:
          return k;
        default:
          return 0xdeadbeef;
        }
    }
  return 0xdeadbeef;
}

/* What libseccomp makes of the same profile. */
static size_t
compile_reference (const struct box_seccomp_profile *profile, struct sock_filter *program)
{
  scmp_filter_ctx context = seccomp_init (profile->default_action);
  tss_autofd int memory = memfd_create ("reference", MFD_CLOEXEC);
  ssize_t size;

  for (size_t i = 0; i < profile->architecture_count; i++)
    seccomp_arch_add (context, profile->architectures[i]);
  for (size_t i = 0; i < profile->entry_count; i++)
    for (const char **name = profile->entries[i].names; *name; name++)
      for (size_t j = 0; j < profile->entries[i].rule_count; j++)
        {
          const struct box_seccomp_rule *rule = &profile->entries[i].rules[j];
          struct scmp_arg_cmp comparisons[BOX_SECCOMP_ARGUMENTS];
          static const enum scmp_compare operations[]
              = { SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ };

          for (unsigned int c = 0; c < rule->comparison_count; c++)
            comparisons[c] = (struct scmp_arg_cmp){ .arg = rule->comparisons[c].argument,
                                                    .op = operations[rule->comparisons[c].operation],
                                                    .datum_a = rule->comparisons[c].value,
                                                    .datum_b = rule->comparisons[c].value_two };
          seccomp_rule_add_array (context, rule->action, seccomp_syscall_resolve_name (*name), rule->comparison_count,
                                  comparisons);
        }
  seccomp_export_bpf (context, memory);
  seccomp_release (context);
  size = pread (memory, program, BPF_MAXINSNS * sizeof *program, 0);
  return size < 0 ? 0 : (size_t)size / sizeof *program;
}

/* Newer calls than the profile's get ENOSYS instead of EPERM here, on purpose. */
static bool
same_result (uint32_t ours, uint32_t reference)
{
  return ours == reference || (ours == (SECCOMP_RET_ERRNO | ENOSYS) && reference == (SECCOMP_RET_ERRNO | EPERM));
}

static const uint64_t interesting[] = { 0,
                                        1,
                                        2,
                                        4,
                                        5,
                                        6,
                                        7,
                                        8,
                                        9,
                                        40,
                                        0x10000000,
                                        0x7e020000,
                                        0xfffffffe,
                                        0xffffffff,
                                        UINT64_C (0x100000000),
                                        UINT64_C (0x100000005),
                                        UINT64_C (0x7fffffffffffffff),
                                        UINT64_MAX - 1,
                                        UINT64_MAX };

/* Those, and whatever a profile compares with. */
struct values
{
  uint64_t items[256];
  size_t count;
};

static void
add_value (struct values *values, uint64_t value)
{
  for (size_t i = 0; i < values->count; i++)
    if (values->items[i] == value)
      return;
  if (values->count < TSS_LENGTH (values->items))
    values->items[values->count++] = value;
}

static struct values
collect_values (const struct box_seccomp_profile *profile)
{
  struct values values = { 0 };

  for (size_t i = 0; i < TSS_LENGTH (interesting); i++)
    add_value (&values, interesting[i]);
  for (size_t i = 0; i < profile->entry_count; i++)
    for (size_t j = 0; j < profile->entries[i].rule_count; j++)
      for (unsigned int c = 0; c < profile->entries[i].rules[j].comparison_count; c++)
        for (uint64_t off = 0; off < 3; off++)
          {
            add_value (&values, profile->entries[i].rules[j].comparisons[c].value + off - 1);
            add_value (&values, profile->entries[i].rules[j].comparisons[c].value_two + off - 1);
          }
  return values;
}

struct range_of_calls
{
  uint32_t audit, first, last;
};

/* All pairs of values for each two of the first three arguments; the third follows from the others. A call of which
 * neither program looks at the arguments gets one pair: no other one could lead elsewhere. */
static size_t
count_differences (const struct sock_filter *ours, size_t our_count, const struct sock_filter *reference,
                   size_t reference_count, const struct values *values, struct range_of_calls calls)
{
  size_t differences = 0;

  for (uint32_t number = calls.first; number <= calls.last; number++)
    for (size_t i = 0, count = values->count; i < count; i++)
      for (size_t j = 0; j < count; j++)
        {
          const uint64_t *v = values->items;
          struct seccomp_data data
              = { .nr = (int)number, .arch = calls.audit, .args = { v[i], v[j], v[(i + j) % values->count] } };
          bool looks_at_arguments = false;
          uint32_t a = run_program (ours, our_count, &data, &looks_at_arguments);
          uint32_t b = run_program (reference, reference_count, &data, &looks_at_arguments);

          count = looks_at_arguments ? count : 1;
          if (!same_result (a, b) && differences++ < 3)
            fprintf (stderr, "call %u of %x (%llx, %llx): %x, libseccomp %x\n", number, calls.audit,
                     (unsigned long long)v[i], (unsigned long long)v[j], a, b);
        }
  return differences;
}

static void
check_profile (const char *text, bool x86_comparable)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *json = json_loads (text, 0, NULL);
  tss_autofree struct box_seccomp_filter *filter = box_seccomp_compile (json, &error);
  static struct sock_filter reference[BPF_MAXINSNS];
  static const struct range_of_calls calls[] = { { AUDIT_ARCH_X86_64, 0, 500 },
                                                 { AUDIT_ARCH_X86_64, 0x40000000, 0x40000300 },
                                                 { AUDIT_ARCH_I386, 0, 500 },
                                                 { AUDIT_ARCH_AARCH64, 0, 500 },
                                                 { AUDIT_ARCH_ARM, 0, 500 } };
  struct box_seccomp_profile profile;
  struct values values;
  size_t count;

  CHECK_STRING (error.message, "");
  if (!filter || box_seccomp_profile_parse (json, &profile, &error) < 0)
    return;
  count = compile_reference (&profile, reference);
  values = collect_values (&profile);
  CHECK (count > 0);
  for (size_t i = 0; i < TSS_LENGTH (calls); i++)
    if (calls[i].audit != AUDIT_ARCH_I386 || x86_comparable)
      CHECK (count_differences (filter->instructions, filter->count, reference, count, &values, calls[i]) == 0);
  box_seccomp_profile_free (&profile);
}

static void
test_operators (void)
{
  static const char *const operators[]
      = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT" };

  for (size_t i = 0; i < TSS_LENGTH (operators); i++)
    for (size_t j = 0; j < TSS_LENGTH (interesting); j += 3)
      {
        char text[512];

        snprintf (text, sizeof text,
                  "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"personality\"],"
                  "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":%lld,\"op\":\"%s\"}]}]}",
                  (long long)interesting[j], operators[i]);
        check_profile (text, true);
      }
}

/* (argument & mask) == value, also with values that have bits outside of the mask. */
static void
test_masks (void)
{
  for (size_t i = 0; i < TSS_LENGTH (interesting); i += 3)
    for (size_t j = 0; j < TSS_LENGTH (interesting); j += 4)
      {
        char text[512];

        snprintf (text, sizeof text,
                  "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"personality\"],"
                  "\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":2,\"value\":%lld,\"valueTwo\":%lld,"
                  "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
                  (long long)interesting[i], (long long)interesting[j]);
        check_profile (text, true);
      }
}

static void
test_profiles (void)
{
  /* 32-bit programs on 64-bit hosts, and numbers of architectures that are not this host's. */
  check_profile (
      "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\"],"
      "\"syscalls\":[{\"names\":[\"openat\",\"read\",\"stat\",\"renameat2\",\"mmap2\",\"_llseek\"],"
      "\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"fchownat\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7,"
      "\"args\":[{\"index\":1,\"value\":40,\"op\":\"SCMP_CMP_GT\"}]},"
      "{\"names\":[\"unlinkat\"],\"action\":\"SCMP_ACT_LOG\"}]}",
      true);
  check_profile ("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", true);
  check_profile ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"no_such_call\"],"
                 "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}]}",
                 true);
  check_profile (
      "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\","
      "\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":[\"read\",\"write\",\"openat\",\"close\",\"exit_group\","
      "\"mmap\",\"fstat\",\"lseek\",\"poll\"],\"action\":\"SCMP_ACT_ALLOW\"},"
      "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,"
      "\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
      "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,"
      "\"op\":\"SCMP_CMP_EQ\"}]},"
      "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":4294967295,"
      "\"op\":\"SCMP_CMP_EQ\"}]},"
      "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":0,\"value\":5,"
      "\"op\":\"SCMP_CMP_GE\"},{\"index\":1,\"value\":40,\"op\":\"SCMP_CMP_LT\"}]},"
      "{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_TRAP\"},"
      "{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}",
      true);
  /* Calls that 32-bit x86 has twice. */
  check_profile ("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
                 "\"syscalls\":[{\"names\":[\"socket\",\"bind\",\"semget\",\"shmat\",\"recvmmsg\"],"
                 "\"action\":\"SCMP_ACT_ALLOW\"}]}",
                 true);
  check_profile ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"socket\"],"
                 "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_EQ\"}]}]}",
                 false);
}

static void
test_newer_calls (void)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *json = json_loads ("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\","
                                          "\"openat2\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
                                          0, NULL);
  tss_autofree struct box_seccomp_filter *filter = box_seccomp_compile (json, &error);
  struct seccomp_data older = { .nr = 2, .arch = AUDIT_ARCH_X86_64 };
  struct seccomp_data newer = { .nr = 460, .arch = AUDIT_ARCH_X86_64 };
  bool looks_at_arguments = false;

  CHECK (run_program (filter->instructions, filter->count, &older, &looks_at_arguments) == (SECCOMP_RET_ERRNO | EPERM));
  CHECK (run_program (filter->instructions, filter->count, &newer, &looks_at_arguments)
         == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK (!looks_at_arguments);
}

static void
check_error (const char *text, const char *field)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *json = json_loads (text, 0, NULL);

  CHECK (box_seccomp_compile (json, &error) == NULL);
  CHECK (error.code == TSS_ERROR_INVALID);
  CHECK_STRING (error.path, field);
}

static void
check_flags (const char *text, unsigned int flags)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *json = json_loads (text, 0, NULL);
  tss_autofree struct box_seccomp_filter *filter = box_seccomp_compile (json, &error);

  CHECK_STRING (error.message, "");
  CHECK (filter && filter->flags == flags);
}

static void
test_flags (void)
{
  check_flags ("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", 0);
  check_flags ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
               "\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]}",
               SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  /* Only with a listener is there anybody to wait for. */
  check_flags ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}", 0);
  check_flags ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
               "\"listenerPath\":\"/socket\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
               SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static void
test_errors (void)
{
  check_error ("{}", "linux.seccomp.defaultAction");
  check_error ("{\"defaultAction\":\"SCMP_ACT_MAYBE\"}", "linux.seccomp");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
               "linux.seccomp.architectures");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ERRNO\"}]}",
               "linux.seccomp.syscalls[0]");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":"
               "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
               "linux.seccomp.syscalls[0].args[0].index");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ERRNO\"}]}",
               "linux.seccomp.syscalls[0]");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}", "linux.seccomp");
  check_error ("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":"
               "\"SCMP_ACT_NOTIFY\"}]}",
               "linux.seccomp.listenerPath");
}

/* With arguments, profiles of engines as they are in their bundles: {"linux":{"seccomp":{...}}}. */
static void
test_bundles (int count, char **paths)
{
  for (int i = 0; i < count; i++)
    {
      tss_autojson json_t *bundle = json_load_file (paths[i], 0, NULL);
      const json_t *profile = json_object_get (json_object_get (bundle, "linux"), "seccomp");
      tss_autofree char *text = profile ? json_dumps (profile, 0) : NULL;

      CHECK (text != NULL);
      if (text)
        check_profile (text, true);
    }
}

int
main (int count, char **words)
{
  test_bundles (count - 1, words + 1);
  test_operators ();
  test_masks ();
  test_profiles ();
  test_newer_calls ();
  test_flags ();
  test_errors ();
  return check_finish ("box-seccomp");
}
