/* shim.json: what the agent wants of this shim. */
#include "options.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "log-service.h"
#include "signal-names.h"

#include <limits.h>
#include <string.h>

/* The defaults of docs/native.md; the restart numbers are those of the reference engine. */
static const struct shim_options defaults = {
  .cgroup = NULL,
  .restart = { .kind = RESTART_NO, .backoff_initial_ms = 100, .backoff_cap_ms = 60000, .reset_after_ms = 10000 },
  .stop = { .signal = 15, .grace_ms = 10000 },
  .log = { .max_bytes = 10 * 1024 * 1024, .max_files = 3, .max_buffer_bytes = 1024 * 1024 },
};

static int
read_restart_kind (const json_t *object, enum restart_kind *kind, struct tss_error *error)
{
  static const char *const names[] = { "no", "always", "unless-stopped", "on-failure" };
  const char *name = NULL;

  if (tss_json_get_string (object, "policy", "restart", &name, error) < 0)
    return -1;
  if (!name)
    return 0;
  for (size_t i = 0; i < TSS_LENGTH (names); i++)
    if (strcmp (name, names[i]) == 0)
      {
        *kind = (enum restart_kind)i;
        return 0;
      }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "restart.policy", "restart.policy: unknown policy %s", name);
}

int
options_read_restart (const json_t *object, struct restart_policy *restart, struct tss_error *error)
{
  if (read_restart_kind (object, &restart->kind, error) < 0
      || tss_json_get_uint (object, "maxRetries", "restart", INT_MAX, &restart->max_retries, error) < 0
      || tss_json_get_uint (object, "backoffInitialMs", "restart", SHIM_LONGEST_MS, &restart->backoff_initial_ms, error)
             < 0
      || tss_json_get_uint (object, "backoffCapMs", "restart", SHIM_LONGEST_MS, &restart->backoff_cap_ms, error) < 0
      || tss_json_get_uint (object, "resetAfterMs", "restart", SHIM_LONGEST_MS, &restart->reset_after_ms, error) < 0
      || tss_json_get_uint (object, "windowMs", "restart", SHIM_LONGEST_MS, &restart->window_ms, error) < 0)
    return -1;
  return 0;
}

int
options_read_signal (const json_t *value, const char *where, int *signal, struct tss_error *error)
{
  int number = -1;

  if (json_is_integer (value))
    number = signal_names_check (json_integer_value (value));
  else if (json_is_string (value))
    number = signal_names_find (json_string_value (value));
  if (number < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "%s: expected a signal, such as SIGTERM or 15", where);
  *signal = number;
  return 0;
}

int
options_read_stop (const json_t *object, struct stop_options *stop, struct tss_error *error)
{
  const json_t *signal = json_object_get (object, "signal");

  if (signal && !json_is_null (signal) && options_read_signal (signal, "stop.signal", &stop->signal, error) < 0)
    return -1;
  if (tss_json_get_int64 (object, "graceMs", "stop", &stop->grace_ms, error) < 0)
    return -1;
  if (stop->grace_ms < -1 || stop->grace_ms > (int64_t)SHIM_LONGEST_MS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "stop.graceMs", "stop.graceMs: out of range");
  return 0;
}

static int
read_rootfs (const json_t *document, struct shim_options *options, struct tss_error *error)
{
  const json_t *rootfs = NULL;

  if (tss_json_get_object (document, "rootfs", "", &rootfs, error) < 0)
    return -1;
  if (!rootfs)
    return 0;
  if (tss_json_get_string (rootfs, "directory", "rootfs", &options->overlay.directory, error) < 0
      || tss_json_get_strings (rootfs, "lower", "rootfs", &options->lower, error) < 0
      || tss_json_get_string (rootfs, "upper", "rootfs", &options->overlay.upper, error) < 0
      || tss_json_get_string (rootfs, "work", "rootfs", &options->overlay.work, error) < 0
      || tss_json_get_bool (rootfs, "mapIds", "rootfs", &options->overlay.map_ids, error) < 0)
    return -1;
  if (!options->lower || !options->lower[0])
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "rootfs.lower", "rootfs.lower: at least one layer is needed");
  if (options->overlay.upper && !options->overlay.work)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "rootfs.work", "rootfs.work: needed with rootfs.upper");
  options->overlay.lower = options->lower;
  options->has_overlay = true;
  return 0;
}

static int
read_log_mode (const json_t *object, struct log_options *log, struct tss_error *error)
{
  const char *mode = "blocking";

  if (tss_json_get_string (object, "mode", "log", &mode, error) < 0)
    return -1;
  log->drops = strcmp (mode, "non-blocking") == 0;
  if (!log->drops && strcmp (mode, "blocking") != 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.mode", "log.mode: unknown mode %s", mode);
  if (tss_json_get_bool (object, "compress", "log", &log->compress, error) < 0)
    return -1;
  return tss_json_get_uint (object, "maxBufferBytes", "log", INT32_MAX, &log->max_buffer_bytes, error);
}

static int
read_forward_time (const json_t *object, enum forward_time *time, struct tss_error *error)
{
  static const char *const names[] = { "none", "stamp", "seconds", "microseconds" };
  const char *name = NULL;

  if (tss_json_need_string (object, "time", "log.forward", &name, error) < 0)
    return -1;
  for (size_t i = 0; i < TSS_LENGTH (names); i++)
    if (strcmp (name, names[i]) == 0)
      {
        *time = (enum forward_time)i;
        return 0;
      }
  return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.forward.time", "log.forward.time: unknown form %s", name);
}

static int
read_forward (const json_t *log, struct forward_options *forward, struct tss_error *error)
{
  const char *where = "log.forward";
  const json_t *object = NULL;

  if (tss_json_get_object (log, "forward", "log", &object, error) < 0)
    return -1;
  if (!object)
    return 0;
  if (tss_json_get_string (object, "socket", where, &forward->socket, error) < 0
      || tss_json_get_string (object, "host", where, &forward->host, error) < 0
      || tss_json_get_uint (object, "port", where, UINT16_MAX, &forward->port, error) < 0
      || tss_json_need_string (object, "stdoutHead", where, &forward->heads[0], error) < 0
      || tss_json_need_string (object, "stderrHead", where, &forward->heads[1], error) < 0
      || read_forward_time (object, &forward->time, error) < 0
      || tss_json_need_string (object, "infix", where, &forward->infix, error) < 0
      || tss_json_get_bool (object, "isStream", where, &forward->is_stream, error) < 0
      || tss_json_get_bool (object, "isJournal", where, &forward->is_journal, error) < 0)
    return -1;
  if (forward->is_stream && !forward->host)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "log.forward: a stream needs a host");
  if (forward->is_stream && forward->is_journal)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where,
                          "log.forward: the journal takes datagrams, and no stream");
  if (!forward->socket == !forward->host)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, where, "log.forward: either socket or host is needed");
  return log_service_check (forward, error);
}

static int
read_log (const json_t *document, struct log_options *log, struct tss_error *error)
{
  const json_t *object = NULL;
  const char *driver = "file";

  if (tss_json_get_object (document, "log", "", &object, error) < 0)
    return -1;
  if (tss_json_get_string (object, "driver", "log", &driver, error) < 0
      || tss_json_get_string (object, "path", "log", &log->path, error) < 0
      || tss_json_get_uint (object, "maxBytes", "log", INT64_MAX, &log->max_bytes, error) < 0
      || tss_json_get_uint (object, "maxFiles", "log", 1000, &log->max_files, error) < 0)
    return -1;
  if (read_log_mode (object, log, error) < 0 || read_forward (object, &log->forward, error) < 0)
    return -1;
  if (!object || strcmp (driver, "none") == 0)
    log->path = NULL;
  else if (strcmp (driver, "file") != 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.driver", "log.driver: unknown driver %s", driver);
  else if (!log->path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.path", "log.path: needed with log.driver file");
  if (!log->path && log->forward.heads[0])
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.forward", "log.forward: only what is kept is passed on");
  return 0;
}

static int
read_sections (const json_t *document, struct shim_options *options, struct tss_error *error)
{
  const json_t *restart = NULL, *stop = NULL;

  if (tss_json_get_object (document, "restart", "", &restart, error) < 0
      || tss_json_get_object (document, "stop", "", &stop, error) < 0)
    return -1;
  if (options_read_restart (restart, &options->restart, error) < 0
      || options_read_stop (stop, &options->stop, error) < 0)
    return -1;
  if (read_rootfs (document, options, error) < 0)
    return -1;
  return read_log (document, &options->log, error);
}

static int
read_document (const json_t *document, struct shim_options *options, struct tss_error *error)
{
  int64_t version = 0;

  if (!json_is_object (document))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "shim.json: expected an object");
  if (tss_json_get_int64 (document, "version", "", &version, error) < 0)
    return -1;
  if (version != 1)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "version", "version: this shim reads version 1");
  if (tss_json_need_string (document, "id", "", &options->id, error) < 0
      || tss_json_need_string (document, "bundle", "", &options->bundle, error) < 0
      || tss_json_need_string (document, "socket", "", &options->socket, error) < 0
      || tss_json_need_string (document, "stateFile", "", &options->state_file, error) < 0
      || tss_json_get_string (document, "cgroup", "", &options->cgroup, error) < 0
      || tss_json_get_string (document, "runtime", "", &options->runtime, error) < 0
      || tss_json_get_bool (document, "autostart", "", &options->autostart, error) < 0
      || tss_json_get_bool (document, "stdin", "", &options->has_stdin, error) < 0)
    return -1;
  if (options->runtime && options->runtime[0] != '/')
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "runtime", "runtime: expected an absolute path");
  return read_sections (document, options, error);
}

int
options_load (const char *path, struct shim_options *options, struct tss_error *error)
{
  *options = defaults;
  options->document = tss_json_load_file (path, error);
  if (!options->document)
    return -1;
  if (read_document (options->document, options, error) == 0)
    return 0;
  options_free (options);
  return -1;
}

void
options_free (struct shim_options *options)
{
  free (options->lower);
  json_decref (options->document);
  *options = defaults;
}
