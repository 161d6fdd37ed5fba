/* events: what a container uses, and its OOM kills, as lines of JSON. */
#include "../common/cleanup.h"
#include "command-records.h"

#include <poll.h>
#include <string.h>

enum
{
  DEFAULT_INTERVAL_MS = 5000, /* that of runc */
};

/* "5s", "500ms", "1m"; a number without a unit is seconds. */
static int
parse_interval (const char *text, int *interval_ms, struct tss_error *error)
{
  static const struct
  {
    const char *unit;
    long milliseconds;
  } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "", 1000 } };
  char *end;
  long number;

  *interval_ms = DEFAULT_INTERVAL_MS;
  if (!text)
    return 0;
  number = strtol (text, &end, 10);
  for (size_t i = 0; i < TSS_LENGTH (units); i++)
    if (end > text && strcmp (end, units[i].unit) == 0 && number > 0 && number <= INT32_MAX / units[i].milliseconds)
      {
        *interval_ms = (int)(number * units[i].milliseconds);
        return 0;
      }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "--interval", "--interval: %s is no duration such as 5s", text);
}

static int
print_event (const char *type, const char *id, json_t *data, struct tss_error *error)
{
  tss_autojson json_t *event = json_pack ("{s:s, s:s, s:o*}", "type", type, "id", id, "data", data);

  if (event && json_dumpf (event, stdout, JSON_COMPACT) == 0 && putchar ('\n') != EOF && fflush (stdout) == 0)
    return 0;
  return tss_error_set (error, TSS_ERROR_IO, errno, "", "print");
}

static int
print_stats (struct command_record *record, const char *id, struct tss_error *error)
{
  struct box_stats stats;
  json_t *data;

  if (box_read_stats (record->container, &stats, error) < 0)
    return -1;
  data = json_pack ("{s:{s:{s:I}}, s:{s:{s:I, s:I}}, s:{s:I}, s:{s:I, s:I}}", "cpu", "usage", "total",
                    (json_int_t)stats.cpu_usage_ns, "memory", "usage", "usage", (json_int_t)stats.memory_bytes, "limit",
                    (json_int_t)stats.memory_limit_bytes, "pids", "current", (json_int_t)stats.pids, "blkio",
                    "readBytes", (json_int_t)stats.block_read_bytes, "writeBytes", (json_int_t)stats.block_write_bytes);
  return print_event ("stats", id, data, error);
}

/* One event for any number of kills since the last look. */
static int
print_oom_kills (struct command_record *record, const char *id, uint64_t *seen, struct tss_error *error)
{
  uint64_t kills = box_oom_kills (record->container);
  bool more = kills > *seen;

  *seen = kills;
  return more ? print_event ("oom", id, NULL, error) : 0;
}

int
command_events (struct command_options *options, struct tss_error *error)
{
  command_autorecord record = { 0 };
  const char *id = options->arguments[0];
  uint64_t oom_kills;
  int interval_ms;

  if (parse_interval (options->interval, &interval_ms, error) < 0
      || command_record_load (options, id, COMMAND_SPEC_NONE, &record, error) < 0)
    return -1;
  if (!box_is_alive (record.container))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "events of container %s: it is stopped", id);
  oom_kills = box_oom_kills (record.container);
  for (;;)
    {
      if (print_stats (&record, id, error) < 0)
        return -1;
      if (options->stats)
        return 0;
      poll (NULL, 0, interval_ms);
      if (print_oom_kills (&record, id, &oom_kills, error) < 0)
        return -1;
      if (!box_is_alive (record.container))
        return 0;
    }
}
