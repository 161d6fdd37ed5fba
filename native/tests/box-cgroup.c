/* Cgroups without cgroups: finding the hierarchies, planning the writes, and the program for device rules. */
#include "../box/cgroup-devices.h"
#include "../box/cgroup-host.h"
#include "../box/cgroup-plan.h"
#include "../box/cgroup.h"
#include "../common/cleanup.h"
#include "../common/file.h"
#include "check.h"

#include <fcntl.h>
#include <linux/bpf.h>

static void
test_hybrid_host (void)
{
  char mountinfo[] = "25 1 0:22 / / rw - ext4 /dev/vda rw\n"
                     "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                     "31 25 0:27 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                     "32 25 0:28 / /sys/fs/cgroup/with\\040space rw - cgroup cgroup rw,xattr,name=systemd\n"
                     "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  char membership[] = "5:cpu,cpuacct:/a/b\n4:memory:/box/inner\n3:pids:/gone\n1:name=systemd:/\n0::/../outside\n";
  struct box_cgroup_host host;
  struct tss_error error = { 0 };

  CHECK (box_cgroup_host_parse (mountinfo, membership, &host, &error) == 0);
  CHECK (host.count == 4 && !host.unified);
  if (host.count != 4)
    return;
  CHECK_STRING (host.hierarchies[0].own, "/sys/fs/cgroup/cpu,cpuacct/a/b");
  CHECK_STRING (host.hierarchies[1].own, "/sys/fs/cgroup/memory/inner");
  CHECK_STRING (host.hierarchies[2].own, "/sys/fs/cgroup/with space");
  CHECK_STRING (host.hierarchies[3].own, "/sys/fs/cgroup/unified");
  box_cgroup_host_free (&host);
}

static void
test_unified_host (void)
{
  char mountinfo[] = "33 25 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
  char membership[] = "0::/system.slice/tsstack.service\n";
  struct box_cgroup_host host;
  struct tss_error error = { 0 };

  CHECK (box_cgroup_host_parse (mountinfo, membership, &host, &error) == 0);
  CHECK (host.count == 1 && host.unified);
  CHECK_STRING (host.count ? host.hierarchies[0].own : "", "/sys/fs/cgroup/system.slice/tsstack.service");
  box_cgroup_host_free (&host);
}

static const char *
find_write (const struct box_cgroup_plan *plan, const char *file)
{
  for (size_t i = 0; i < plan->count; i++)
    if (strcmp (plan->writes[i].file, file) == 0)
      return plan->writes[i].value;
  return "";
}

static void
test_plans (void)
{
  tss_autojson json_t *json = json_loads (
      "{\"memory\":{\"limit\":1000,\"swap\":1500,\"reservation\":500},\"cpu\":{\"shares\":1024,\"quota\":50000,"
      "\"period\":200000,\"cpus\":\"0-1\"},\"pids\":{\"limit\":0},\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,"
      "\"minor\":1,\"rate\":77}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}]}",
      0, NULL);
  struct box_resources resources;
  struct box_cgroup_plan v1, v2;
  struct tss_error error = { 0 };

  CHECK (box_resources_parse (json, &resources, &error) == 0);
  CHECK (box_cgroup_plan_v1 (&resources, &v1, &error) == 0);
  CHECK_STRING (find_write (&v1, "memory.limit_in_bytes"), "1000");
  CHECK_STRING (find_write (&v1, "memory.memsw.limit_in_bytes"), "1500");
  CHECK_STRING (find_write (&v1, "cpu.cfs_quota_us"), "50000");
  CHECK_STRING (find_write (&v1, "pids.max"), "max");
  CHECK_STRING (find_write (&v1, "blkio.throttle.read_bps_device"), "8:1 77");
  CHECK_STRING (find_write (&v1, "hugetlb.2MB.limit_in_bytes"), "9");
  CHECK_STRING (find_write (&v1, "hugetlb.2MB.rsvd.limit_in_bytes"), "9");
  CHECK (box_cgroup_plan_v2 (&resources, &v2, &error) == 0);
  CHECK_STRING (find_write (&v2, "memory.max"), "1000");
  CHECK_STRING (find_write (&v2, "memory.swap.max"), "500");
  CHECK_STRING (find_write (&v2, "memory.low"), "500");
  CHECK_STRING (find_write (&v2, "cpu.max"), "50000 200000");
  CHECK_STRING (find_write (&v2, "cpu.weight"), "39");
  CHECK_STRING (find_write (&v2, "cpuset.cpus"), "0-1");
  CHECK_STRING (find_write (&v2, "io.max"), "8:1 rbps=77");
  CHECK_STRING (find_write (&v2, "hugetlb.2MB.max"), "9");
  CHECK_STRING (find_write (&v2, "hugetlb.2MB.rsvd.max"), "9");
  box_cgroup_plan_free (&v1);
  box_cgroup_plan_free (&v2);
}

static void
check_plan_error (const char *text, bool unified, const char *field)
{
  tss_autojson json_t *json = json_loads (text, 0, NULL);
  struct box_resources resources;
  struct box_cgroup_plan plan = { 0 };
  struct tss_error error = { 0 };

  CHECK (box_resources_parse (json, &resources, &error) < 0
         || (unified ? box_cgroup_plan_v2 : box_cgroup_plan_v1) (&resources, &plan, &error) < 0);
  CHECK_STRING (error.path, field);
}

static struct box_cgroup_plan
make_plan (const char *text, bool unified)
{
  tss_autojson json_t *json = json_loads (text, 0, NULL);
  struct box_resources resources;
  struct box_cgroup_plan plan = { 0 };
  struct tss_error error = { 0 };

  CHECK (box_resources_parse (json, &resources, &error) == 0);
  CHECK ((unified ? box_cgroup_plan_v2 : box_cgroup_plan_v1) (&resources, &plan, &error) == 0);
  CHECK_STRING (error.message, "");
  return plan;
}

static void
check_write (const char *text, bool unified, const char *file, const char *value)
{
  struct box_cgroup_plan plan = make_plan (text, unified);

  CHECK_STRING (find_write (&plan, file), value);
  box_cgroup_plan_free (&plan);
}

static void
test_single_writes (void)
{
  static const char memory[] = "{\"memory\":{\"kernel\":7,\"kernelTCP\":8,\"disableOOMKiller\":false}}";

  check_write (memory, false, "memory.kmem.limit_in_bytes", "7");
  check_write (memory, true, "memory.kmem.tcp.limit_in_bytes", "8");
  check_write (memory, false, "memory.oom_control", "0");
  check_write (memory, true, "memory.oom_control", "");
  check_write ("{\"memory\":{\"kernel\":0,\"swappiness\":-1}}", true, "memory.kmem.limit_in_bytes", "");
  check_write ("{\"memory\":{\"swappiness\":0}}", false, "memory.swappiness", "0");
  check_write ("{\"memory\":{\"limit\":-1,\"swap\":-1}}", true, "memory.swap.max", "max");
  check_write ("{\"cpu\":{\"quota\":5000}}", true, "cpu.max", "5000");
  check_write ("{\"cpu\":{\"quota\":-1}}", true, "cpu.max", "max");
  check_write ("{\"cpu\":{\"quota\":0}}", true, "cpu.max", "");
  check_write ("{\"cpu\":{\"period\":5000}}", true, "cpu.max", "max 5000");
  check_write ("{\"cpu\":{\"quota\":9,\"burst\":8}}", false, "cpu.cfs_burst_us", "8");
  check_write ("{\"cpu\":{\"burst\":0}}", false, "cpu.cfs_burst_us", "0");
  check_write ("{\"cpu\":{\"burst\":0}}", true, "cpu.max.burst", "0");
  check_write ("{\"memory\":{\"limit\":-1}}", false, "memory.memsw.limit_in_bytes", "-1");
  check_write ("{\"memory\":{\"limit\":-1}}", true, "memory.swap.max", "max");
  check_write ("{\"memory\":{\"limit\":-1,\"swap\":9}}", false, "memory.memsw.limit_in_bytes", "9");
  check_write ("{\"memory\":{\"limit\":9}}", false, "memory.memsw.limit_in_bytes", "");
  check_write ("{\"cpu\":{\"idle\":1}}", false, "cpu.idle", "1");
  check_write ("{\"network\":{\"classID\":1048577}}", false, "net_cls.classid", "1048577");
  check_write ("{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]}}", false, "net_prio.ifpriomap",
               "eth0 5");
  check_write ("{\"rdma\":{\"mlx\":{\"hcaHandles\":3}}}", true, "rdma.max", "mlx hca_handle=3 hca_object=max");
  check_write ("{\"unified\":{\"memory.high\":\"5\"}}", true, "memory.high", "5");
}

/* Weights go to the file that the host has. */
static void
test_block_weights (void)
{
  static const char text[] = "{\"blockIO\":{\"weight\":500,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":50,"
                             "\"leafWeight\":60},{\"major\":8,\"minor\":1,\"leafWeight\":70}]}}";
  struct box_cgroup_plan v1 = make_plan (text, false), v2 = make_plan (text, true);

  CHECK (v1.count == 4 && v2.count == 4);
  CHECK_STRING (find_write (&v1, "blkio.bfq.weight"), "500");
  CHECK_STRING (v1.count ? v1.writes[0].other_value : "", "500");
  CHECK_STRING (find_write (&v1, "blkio.bfq.weight_device"), "8:0 50");
  CHECK_STRING (find_write (&v1, "blkio.leaf_weight_device"), "8:0 60");
  CHECK_STRING (v2.count ? v2.writes[0].other_file : "", "io.weight");
  CHECK_STRING (v2.count ? v2.writes[0].other_value : "", "4950");
  box_cgroup_plan_free (&v1);
  box_cgroup_plan_free (&v2);
  CHECK (box_block_weight (10) == 1 && box_block_weight (1000) == 10000);
}

static void
test_unified_lines (void)
{
  struct box_cgroup_plan plan = make_plan ("{\"unified\":{\"io.max\":\"8:0 rbps=1\\n8:16 wbps=2\\n\"}}", true);

  CHECK (plan.count == 2);
  CHECK_STRING (plan.count == 2 ? plan.writes[0].value : "", "8:0 rbps=1");
  CHECK_STRING (plan.count == 2 ? plan.writes[1].value : "", "8:16 wbps=2");
  box_cgroup_plan_free (&plan);
}

static void
test_plan_errors (void)
{
  check_plan_error ("{\"memory\":{\"limit\":\"1G\"}}", true, "linux.resources.memory.limit");
  check_plan_error ("{\"memory\":{\"limit\":-2}}", true, "linux.resources.memory.limit");
  check_plan_error ("{\"memory\":{\"limit\":-9223372036854775808}}", true, "linux.resources.memory.limit");
  check_plan_error ("{\"pids\":{\"limit\":-9223372036854775808}}", false, "linux.resources.pids.limit");
  check_plan_error ("{\"cpu\":{\"burst\":-1}}", true, "linux.resources.cpu.burst");
  check_plan_error ("{\"memory\":{\"swap\":5}}", true, "linux.resources.memory.swap");
  check_plan_error ("{\"memory\":{\"swappiness\":101}}", false, "linux.resources.memory.swappiness");
  check_plan_error ("{\"memory\":{\"swappiness\":10}}", true, "linux.resources.memory.swappiness");
  check_plan_error ("{\"memory\":{\"disableOOMKiller\":true}}", true, "linux.resources.memory.disableOOMKiller");
  check_plan_error ("{\"memory\":{\"useHierarchy\":false}}", true, "linux.resources.memory.useHierarchy");
  check_plan_error ("{\"cpu\":{\"shares\":-1}}", false, "linux.resources.cpu.shares");
  check_plan_error ("{\"cpu\":{\"idle\":2}}", false, "linux.resources.cpu.idle");
  check_plan_error ("{\"cpu\":{\"quota\":5,\"burst\":6}}", false, "linux.resources.cpu.burst");
  check_plan_error ("{\"cpu\":{\"realtimeRuntime\":5}}", true, "linux.resources.cpu.realtimeRuntime");
  check_plan_error ("{\"pids\":{}}", true, "linux.resources.pids.limit");
  check_plan_error ("{\"blockIO\":{\"weight\":9}}", true, "linux.resources.blockIO.weight");
  check_plan_error ("{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}", true,
                    "linux.resources.blockIO.weightDevice[0].weight");
  check_plan_error ("{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0}]}}", false,
                    "linux.resources.blockIO.throttleReadIOPSDevice[0].rate");
  check_plan_error ("{\"network\":{\"classID\":1}}", true, "linux.resources.network");
  check_plan_error ("{\"network\":{\"classID\":4294967296}}", false, "linux.resources.network.classID");
  check_plan_error ("{\"network\":{\"priorities\":[{\"name\":\"x\"}]}}", false,
                    "linux.resources.network.priorities[0].priority");
  check_plan_error ("{\"rdma\":{\"mlx\":{}}}", false, "linux.resources.rdma.mlx");
  check_plan_error ("{\"unified\":{\"memory.max\":\"5\"}}", false, "linux.resources.unified");
  check_plan_error ("{\"unified\":{\"memory.max\":5}}", true, "linux.resources.unified.memory.max");
  check_plan_error ("{\"unified\":{\"../x.y\":\"5\"}}", true, "linux.resources.unified.../x.y");
  check_plan_error ("{\"unified\":{\"cgroup.procs\":\"5\"}}", true, "linux.resources.unified.cgroup.procs");
  check_plan_error ("{\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":9}]}", true,
                    "linux.resources.hugepageLimits[0].pageSize");
  check_plan_error ("{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}", true, "linux.resources.hugepageLimits[0].limit");
}

static void
test_cpu_weight (void)
{
  CHECK (box_cpu_weight (0) == 1);
  CHECK (box_cpu_weight (2) == 1);
  CHECK (box_cpu_weight (1024) == 39);
  CHECK (box_cpu_weight (262144) == 10000);
  CHECK (box_cpu_weight (UINT64_MAX) == 10000);
}

/* Runs the few instructions that device programs consist of. */
static bool
allows (const struct bpf_insn *program, size_t count, unsigned int type, unsigned int access, unsigned int major,
        unsigned int minor)
{
  struct bpf_cgroup_dev_ctx context = { .access_type = access << 16 | type, .major = major, .minor = minor };
  uint64_t registers[11] = { [BPF_REG_1] = 0 };

  for (size_t at = 0; at < count; at++)
    {
      const struct bpf_insn *instruction = &program[at];
      uint64_t *target = &registers[instruction->dst_reg];
      uint32_t loaded;

      switch (instruction->code)
        {
        case BPF_LDX | BPF_MEM | BPF_W:
          memcpy (&loaded, (const char *)&context + instruction->off, sizeof loaded);
          *target = loaded;
          break;
        case BPF_ALU | BPF_AND | BPF_K:
          *target = (uint32_t)*target & (uint32_t)instruction->imm;
          break;
        case BPF_ALU | BPF_RSH | BPF_K:
          *target = (uint32_t)*target >> instruction->imm;
          break;
        case BPF_ALU | BPF_MOV | BPF_X:
          *target = (uint32_t)registers[instruction->src_reg];
          break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
          *target = (uint64_t)(int64_t)instruction->imm;
          break;
        case BPF_JMP | BPF_JNE | BPF_K:
          at += *target != (uint64_t)(int64_t)instruction->imm ? (size_t)instruction->off : 0;
          break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          at += *target == (uint64_t)(int64_t)instruction->imm ? (size_t)instruction->off : 0;
          break;
        case BPF_JMP | BPF_EXIT:
          return registers[BPF_REG_0];
        default:
          CHECK (!"known instruction");
          return false;
        }
    }
  CHECK (!"end of program");
  return false;
}

static void
test_device_rules (void)
{
  tss_autojson json_t *json
      = json_loads ("{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"b\",\"major\":8,"
                    "\"access\":\"rw\"},{\"allow\":false,\"type\":\"b\",\"major\":8,\"minor\":3,\"access\":\"w\"}]}",
                    0, NULL);
  struct box_device_rules rules;
  struct tss_error error = { 0 };
  tss_autofree struct bpf_insn *program = NULL;
  size_t count = 0;
  char text[64];

  CHECK (box_device_rules_parse (json, &rules, &error) == 0);
  CHECK (!box_device_rules_allow_all (&rules));
  box_device_rule_format (&rules.rules[1], text, sizeof text);
  CHECK_STRING (text, "b 8:* rw");
  program = box_device_program_compile (&rules, &count);
  CHECK (allows (program, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 3));
  CHECK (allows (program, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_MKNOD, 99, 1));
  CHECK (!allows (program, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ, 99, 1));
  CHECK (!allows (program, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 1));
  CHECK (allows (program, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, 8, 1));
  CHECK (!allows (program, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, 8, 3));
  CHECK (allows (program, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 3));
  CHECK (!allows (program, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 9, 3));
  box_device_rules_free (&rules);
}

static void
check_rules (const char *text, unsigned int type, unsigned int access, bool allowed)
{
  tss_autojson json_t *json = json_loads (text, 0, NULL);
  struct box_device_rules rules;
  struct tss_error error = { 0 };
  tss_autofree struct bpf_insn *program = NULL;
  size_t count = 0;

  CHECK (box_device_rules_parse (json, &rules, &error) == 0);
  program = box_device_program_compile (&rules, &count);
  CHECK (allows (program, count, type, access, 10, 200) == allowed);
  box_device_rules_free (&rules);
}

/* Each kind of access by the last rule about it. */
static void
test_split_device_rules (void)
{
#define READ "{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":200,\"access\":\"r\"}"
#define WRITE "{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"w\"}"
#define NOTHING "{\"allow\":false,\"access\":\"\"}"
  const unsigned int both = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

  check_rules ("{\"devices\":[" NOTHING "," READ "," WRITE "]}", BPF_DEVCG_DEV_CHAR, both, true);
  check_rules ("{\"devices\":[" NOTHING "," READ "," WRITE "]}", BPF_DEVCG_DEV_BLOCK, both, false);
  check_rules ("{\"devices\":[" NOTHING "," READ "]}", BPF_DEVCG_DEV_CHAR, both, false);
  check_rules ("{\"devices\":[" READ "," NOTHING "," WRITE "]}", BPF_DEVCG_DEV_CHAR, both, false);
  check_rules ("{\"devices\":[" NOTHING ",{\"allow\":true,\"type\":\"a\",\"major\":10}]}", BPF_DEVCG_DEV_BLOCK, both,
               true);
#undef READ
#undef WRITE
#undef NOTHING
}

static void
test_device_numbers (void)
{
  static const char *const bad[] = { "\"major\":4294967297", "\"major\":4096", "\"major\":-2", "\"minor\":1048576" };

  for (size_t i = 0; i < TSS_LENGTH (bad); i++)
    {
      char text[128];
      struct box_device_rules rules;
      struct tss_error error = { 0 };
      tss_autojson json_t *json = NULL;

      snprintf (text, sizeof text, "{\"devices\":[{\"allow\":true,\"type\":\"c\",%s}]}", bad[i]);
      json = json_loads (text, 0, NULL);
      CHECK (box_device_rules_parse (json, &rules, &error) < 0);
      CHECK (strncmp (error.path, "linux.resources.devices[0].m", 28) == 0);
    }
}

/* In a directory that looks like a cgroup: a new period leaves the quota as it is, and 0 is no limit. */
static void
test_update (void)
{
  char directory[] = "/tmp/box-cgroup-XXXXXX", none[] = "", path[64], text[32] = "";
  struct box_cgroup_directory only = { .controllers = none, .name = none, .path = directory };
  const struct box_cgroup cgroup = { .directories = &only, .count = 1, .unified = true };
  tss_autojson json_t *json = json_loads ("{\"cpu\":{\"period\":50000},\"memory\":{\"limit\":0,\"swap\":0}}", 0, NULL);
  struct tss_error error = { 0 };

  CHECK (mkdtemp (directory) != NULL);
  snprintf (path, sizeof path, "%s/cpu.max", directory);
  CHECK (tss_replace_file_at (AT_FDCWD, path, "20000 100000\n", 13, 0600) == 0);
  CHECK (box_cgroup_apply (&cgroup, json, NULL, &error) == 0);
  CHECK (tss_read_small_file_at (AT_FDCWD, path, text, sizeof text) > 0 && strncmp (text, "20000 50000", 11) == 0);
  CHECK (unlink (path) == 0 && rmdir (directory) == 0);
}

static void
test_allow_all (void)
{
  tss_autojson json_t *privileged = json_loads ("{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}", 0, NULL);
  tss_autojson json_t *nothing = json_loads ("{}", 0, NULL);
  struct box_device_rules rules;
  struct tss_error error = { 0 };

  CHECK (box_device_rules_parse (privileged, &rules, &error) == 0 && box_device_rules_allow_all (&rules));
  box_device_rules_free (&rules);
  CHECK (box_device_rules_parse (nothing, &rules, &error) == 0 && !box_device_rules_allow_all (&rules));
  box_device_rules_free (&rules);
}

int
main (void)
{
  test_hybrid_host ();
  test_unified_host ();
  test_plans ();
  test_single_writes ();
  test_block_weights ();
  test_unified_lines ();
  test_plan_errors ();
  test_cpu_weight ();
  test_device_rules ();
  test_split_device_rules ();
  test_device_numbers ();
  test_update ();
  test_allow_all ();
  return check_finish ("box-cgroup");
}
