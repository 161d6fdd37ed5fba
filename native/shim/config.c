#include "../common/json.h"
#include "shim.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct
{
  const char *name;
  int number;
} signal_names[] = {
  { "HUP", SIGHUP },   { "INT", SIGINT },     { "QUIT", SIGQUIT }, { "ILL", SIGILL },   { "TRAP", SIGTRAP },
  { "ABRT", SIGABRT }, { "BUS", SIGBUS },     { "FPE", SIGFPE },   { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
  { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },   { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
  { "CHLD", SIGCHLD }, { "CONT", SIGCONT },   { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
  { "TTOU", SIGTTOU }, { "URG", SIGURG },     { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM },
  { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO },     { "POLL", SIGIO },   { "PWR", SIGPWR },
  { "SYS", SIGSYS },
};

static int
signal_from_name (const char *name)
{
  char *end;
  long number = strtol (name, &end, 10);
  if (*name != '\0' && *end == '\0')
    return number >= 1 && number < NSIG ? (int)number : -1;
  if (strncasecmp (name, "SIG", 3) == 0)
    name += 3;
  for (size_t i = 0; i < sizeof signal_names / sizeof signal_names[0]; i++)
    if (strcasecmp (name, signal_names[i].name) == 0)
      return signal_names[i].number;
  if (strcasecmp (name, "RTMIN") == 0)
    return SIGRTMIN;
  if (strcasecmp (name, "RTMAX") == 0)
    return SIGRTMAX;
  if (strncasecmp (name, "RTMIN+", 6) == 0)
    return SIGRTMIN + atoi (name + 6) <= SIGRTMAX ? SIGRTMIN + atoi (name + 6) : -1;
  if (strncasecmp (name, "RTMAX-", 6) == 0)
    return SIGRTMAX - atoi (name + 6) >= SIGRTMIN ? SIGRTMAX - atoi (name + 6) : -1;
  return -1;
}

int
signal_from_json (const json_t *value, int fallback)
{
  if (value == NULL || json_is_null (value))
    return fallback;
  if (json_is_integer (value))
    return json_integer_value (value) >= 1 && json_integer_value (value) < NSIG ? (int)json_integer_value (value) : -1;
  return json_is_string (value) ? signal_from_name (json_string_value (value)) : -1;
}

int
config_parse_restart (const json_t *object, struct restart_config *restart, struct tss_error *error)
{
  static const char *const names[] = { "no", "always", "unless-stopped", "on-failure" };
  const char *policy = "no", *where = "restart";
  unsigned index = 0;
  *restart = (struct restart_config){ RESTART_NO, 0, 100, 60000, 10000 };
  if (object == NULL)
    return 0;
  if (tss_json_get_string (object, "policy", where, &policy, error) < 0
      || tss_json_get_uint (object, "maxRetries", where, UINT32_MAX, &restart->max_retries, error) < 0
      || tss_json_get_uint (object, "backoffInitialMs", where, UINT32_MAX, &restart->backoff_initial_ms, error) < 0
      || tss_json_get_uint (object, "backoffCapMs", where, UINT32_MAX, &restart->backoff_cap_ms, error) < 0
      || tss_json_get_uint (object, "resetAfterMs", where, UINT32_MAX, &restart->reset_after_ms, error) < 0)
    return -1;
  while (index < 4 && strcmp (policy, names[index]) != 0)
    index++;
  if (index == 4)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "restart.policy", "there is no restart policy %s", policy);
  restart->policy = (enum restart_policy)index;
  return 0;
}

static int
parse_overlay (const json_t *rootfs, struct config *config, struct tss_error *error)
{
  const char **lower = NULL;
  if (rootfs == NULL)
    return 0;
  if (tss_json_get_string (rootfs, "directory", "rootfs", &config->overlay.directory, error) < 0
      || tss_json_get_strings (rootfs, "lower", "rootfs", &lower, error) < 0
      || tss_json_get_string (rootfs, "upper", "rootfs", &config->overlay.upper, error) < 0
      || tss_json_get_string (rootfs, "work", "rootfs", &config->overlay.work, error) < 0)
    return -1;
  if (lower == NULL || lower[0] == NULL)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "rootfs.lower", "a root needs at least one layer");
  config->overlay.lower = lower;
  config->has_overlay = true;
  return 0;
}

static int
parse_log (const json_t *log, struct config *config, struct tss_error *error)
{
  const char *driver = "file";
  config->log_max_bytes = 10 << 20;
  config->log_max_files = 3;
  if (log == NULL)
    return 0;
  if (tss_json_get_string (log, "driver", "log", &driver, error) < 0
      || tss_json_get_string (log, "path", "log", &config->log_path, error) < 0
      || tss_json_get_uint (log, "maxBytes", "log", INT64_MAX, &config->log_max_bytes, error) < 0
      || tss_json_get_uint (log, "maxFiles", "log", 1000, &config->log_max_files, error) < 0)
    return -1;
  if (strcmp (driver, "none") == 0)
    config->log_path = NULL;
  return 0;
}

static int
parse_stop (const json_t *stop, struct config *config, struct tss_error *error)
{
  config->stop_signal = SIGTERM;
  config->stop_grace_ms = 10000;
  if (stop == NULL)
    return 0;
  config->stop_signal = signal_from_json (json_object_get (stop, "signal"), SIGTERM);
  if (config->stop_signal < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "stop.signal", "there is no such signal");
  return tss_json_get_int64 (stop, "graceMs", "stop", &config->stop_grace_ms, error);
}

int
config_load (struct config *config, const char *path, struct tss_error *error)
{
  const json_t *rootfs = NULL, *restart = NULL, *stop = NULL, *log = NULL;
  *config = (struct config){ 0 };
  config->document = tss_json_load_file (path, error);
  if (config->document == NULL)
    return -1;
  if (tss_json_need_string (config->document, "id", "shim", &config->id, error) < 0
      || tss_json_need_string (config->document, "bundle", "shim", &config->bundle, error) < 0
      || tss_json_need_string (config->document, "socket", "shim", &config->socket, error) < 0
      || tss_json_need_string (config->document, "stateFile", "shim", &config->state_file, error) < 0
      || tss_json_get_string (config->document, "cgroup", "shim", &config->cgroup, error) < 0
      || tss_json_get_bool (config->document, "autostart", "shim", &config->autostart, error) < 0
      || tss_json_get_bool (config->document, "stdin", "shim", &config->wants_stdin, error) < 0
      || tss_json_get_object (config->document, "rootfs", "shim", &rootfs, error) < 0
      || tss_json_get_object (config->document, "restart", "shim", &restart, error) < 0
      || tss_json_get_object (config->document, "stop", "shim", &stop, error) < 0
      || tss_json_get_object (config->document, "log", "shim", &log, error) < 0)
    return -1;
  return parse_overlay (rootfs, config, error) < 0 || config_parse_restart (restart, &config->restart, error) < 0
                 || parse_stop (stop, config, error) < 0 || parse_log (log, config, error) < 0
             ? -1
             : 0;
}
