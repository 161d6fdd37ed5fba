/* update: resources from a file or from options. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "command-records.h"

#include <string.h>

struct number_option
{
  const char *option, *value, *section, *key;
  int (*read) (const char *text, const char *field, int64_t *number, struct tss_error *error);
};

static json_t *
section_of (json_t *resources, const char *name)
{
  if (!json_object_get (resources, name))
    json_object_set_new (resources, name, json_object ());
  return json_object_get (resources, name);
}

static int
add_numbers (json_t *resources, const struct command_options *options, struct tss_error *error)
{
  const struct number_option numbers[] = {
    { "--memory", options->memory, "memory", "limit", command_size },
    { "--memory-reservation", options->memory_reservation, "memory", "reservation", command_size },
    { "--memory-swap", options->memory_swap, "memory", "swap", command_size },
    { "--kernel-memory", options->kernel_memory, "memory", "kernel", command_size },
    { "--kernel-memory-tcp", options->kernel_memory_tcp, "memory", "kernelTCP", command_size },
    { "--cpu-period", options->cpu_period, "cpu", "period", command_number },
    { "--cpu-quota", options->cpu_quota, "cpu", "quota", command_number },
    { "--cpu-burst", options->cpu_burst, "cpu", "burst", command_number },
    { "--cpu-share", options->cpu_share, "cpu", "shares", command_number },
    { "--cpu-rt-period", options->cpu_rt_period, "cpu", "realtimePeriod", command_number },
    { "--cpu-rt-runtime", options->cpu_rt_runtime, "cpu", "realtimeRuntime", command_number },
    { "--cpu-idle", options->cpu_idle, "cpu", "idle", command_number },
    { "--pids-limit", options->pids_limit, "pids", "limit", command_number },
    { "--blkio-weight", options->block_weight, "blockIO", "weight", command_number },
  };

  for (size_t i = 0; i < TSS_LENGTH (numbers); i++)
    {
      int64_t value;

      if (!numbers[i].value)
        continue;
      if (numbers[i].read (numbers[i].value, numbers[i].option, &value, error) < 0)
        return -1;
      json_object_set_new (section_of (resources, numbers[i].section), numbers[i].key, json_integer (value));
    }
  return 0;
}

static json_t *
read_resources (const char *path, struct tss_error *error)
{
  if (!path)
    return json_object ();
  if (strcmp (path, "-") == 0)
    return tss_json_load_fd (STDIN_FILENO, "standard input", error);
  return tss_json_load_file (path, error);
}

int
command_update (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  tss_autojson json_t *resources = read_resources (options->resources, error);

  if (!resources)
    return -1;
  if (!json_is_object (resources))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "--resources", "--resources: expected an object");
  if (add_numbers (resources, options, error) < 0)
    return -1;
  if (options->cpuset_cpus)
    json_object_set_new (section_of (resources, "cpu"), "cpus", json_string (options->cpuset_cpus));
  if (options->cpuset_mems)
    json_object_set_new (section_of (resources, "cpu"), "mems", json_string (options->cpuset_mems));
  if (command_record_load (options, options->arguments[0], COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  if (!box_is_alive (record.container))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "update container %s: it is stopped", options->arguments[0]);
  return box_update (record.container, resources, error);
}
