/* shim.json: what is taken, and that every error names the field. */
#include "../common/cleanup.h"
#include "../shim/options.h"
#include "../shim/signal-names.h"
#include "check.h"

#include <signal.h>
#include <sys/stat.h>

static char path[] = "/tmp/tsstack-shim-options-XXXXXX";

static int
load (const char *text, struct shim_options *options, struct tss_error *error)
{
  FILE *file = fopen (path, "w");

  *error = (struct tss_error){ 0 };
  if (!file)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "write %s", path);
  fputs (text, file);
  fclose (file);
  return options_load (path, options, error);
}

#define FORWARD "\"stdoutHead\":\"a\",\"stderrHead\":\"b\",\"time\":\"none\",\"infix\":\"\""
#define TEN "0123456789"
#define LONG_PATH TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define NEEDED "\"version\":1,\"id\":\"i\",\"bundle\":\"/b\",\"socket\":\"/s\",\"stateFile\":\"/t\""

static void
test_defaults (void)
{
  struct shim_options options;
  struct tss_error error;

  CHECK (load ("{" NEEDED "}", &options, &error) == 0);
  CHECK_STRING (options.bundle, "/b");
  CHECK (!options.autostart && !options.has_stdin && !options.has_overlay && !options.cgroup && !options.log.path);
  CHECK (options.restart.kind == RESTART_NO && options.restart.backoff_initial_ms == 100);
  CHECK (options.stop.signal == SIGTERM && options.stop.grace_ms == 10000);
  options_free (&options);
}

static void
test_everything (void)
{
  struct shim_options options;
  struct tss_error error;

  CHECK (load ("{" NEEDED ",\"autostart\":true,\"stdin\":true,\"cgroup\":\"a/b\",\"rootfs\":{\"directory\":\"/l\","
               "\"lower\":[\"x\",\"/\"],\"upper\":\"/u\",\"work\":\"/w\"},\"restart\":{\"policy\":\"on-failure\","
               "\"maxRetries\":4,\"backoffInitialMs\":1,\"backoffCapMs\":2,\"resetAfterMs\":3},"
               "\"stop\":{\"signal\":\"quit\",\"graceMs\":-1},"
               "\"log\":{\"path\":\"/log\",\"maxBytes\":5,\"maxFiles\":6,\"driver\":\"file\"}}",
               &options, &error)
         == 0);
  CHECK (options.autostart && options.has_stdin && options.has_overlay);
  CHECK_STRING (options.overlay.lower[1], "/");
  CHECK (!options.overlay.lower[2]);
  CHECK (options.restart.kind == RESTART_ON_FAILURE && options.restart.max_retries == 4);
  CHECK (options.stop.signal == SIGQUIT && options.stop.grace_ms == -1);
  CHECK (options.log.max_bytes == 5 && options.log.max_files == 6);
  options_free (&options);
}

/* null means "not given" everywhere. */
static void
test_nulls (void)
{
  struct shim_options options;
  struct tss_error error;

  CHECK (load ("{" NEEDED ",\"autostart\":null,\"cgroup\":null,\"rootfs\":null,\"restart\":{\"policy\":null},"
               "\"stop\":{\"signal\":null,\"graceMs\":null},\"log\":{\"driver\":\"none\",\"path\":null}}",
               &options, &error)
         == 0);
  CHECK (options.stop.signal == SIGTERM && !options.log.path);
  options_free (&options);
}

static void
check_error (const char *members, const char *field)
{
  struct shim_options options;
  struct tss_error error;
  char text[1024];

  snprintf (text, sizeof text, "{%s}", members);
  CHECK (load (text, &options, &error) < 0);
  CHECK (error.code == TSS_ERROR_INVALID);
  CHECK_STRING (error.path, field);
  if (*field)
    CHECK (strstr (error.message, field));
}

static void
test_errors (void)
{
  check_error ("", "version");
  check_error ("\"version\":2", "version");
  check_error ("\"version\":\"1\"", "version");
  check_error ("\"version\":1", "id");
  check_error ("\"version\":1,\"id\":7", "id");
  check_error ("\"version\":1,\"id\":\"i\"", "bundle");
  check_error (NEEDED ",\"autostart\":1", "autostart");
  check_error (NEEDED ",\"rootfs\":[]", "rootfs");
  check_error (NEEDED ",\"rootfs\":{}", "rootfs.lower");
  check_error (NEEDED ",\"rootfs\":{\"lower\":[]}", "rootfs.lower");
  check_error (NEEDED ",\"rootfs\":{\"lower\":[\"a\",1]}", "rootfs.lower[1]");
  check_error (NEEDED ",\"runtime\":\"runc\"", "runtime");
  check_error (NEEDED ",\"rootfs\":{\"lower\":[\"a\"],\"upper\":\"/u\"}", "rootfs.work");
  check_error (NEEDED ",\"restart\":\"no\"", "restart");
  check_error (NEEDED ",\"restart\":{\"policy\":\"sometimes\"}", "restart.policy");
  check_error (NEEDED ",\"restart\":{\"maxRetries\":-1}", "restart.maxRetries");
  check_error (NEEDED ",\"restart\":{\"maxRetries\":1.5}", "restart.maxRetries");
  check_error (NEEDED ",\"restart\":{\"backoffCapMs\":9007199254740992}", "restart.backoffCapMs");
  check_error (NEEDED ",\"stop\":{\"signal\":\"SIGNOTHING\"}", "stop.signal");
  check_error (NEEDED ",\"stop\":{\"signal\":0}", "stop.signal");
  check_error (NEEDED ",\"stop\":{\"signal\":true}", "stop.signal");
  check_error (NEEDED ",\"stop\":{\"graceMs\":-2}", "stop.graceMs");
  check_error (NEEDED ",\"stop\":{\"graceMs\":9223372036854775807}", "stop.graceMs");
  check_error (NEEDED ",\"log\":{\"driver\":\"file\"}", "log.path");
  check_error (NEEDED ",\"log\":{\"driver\":\"paper\"}", "log.driver");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"maxFiles\":1001}", "log.maxFiles");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"mode\":\"maybe\"}", "log.mode");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"compress\":1}", "log.compress");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"maxBufferBytes\":-1}", "log.maxBufferBytes");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"forward\":{" FORWARD "}}", "log.forward");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"forward\":{\"host\":\"::1\"," FORWARD "}}", "log.forward.port");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"forward\":{\"host\":\"::1\",\"port\":1,\"isStream\":true,"
                      "\"isJournal\":true," FORWARD "}}",
               "log.forward");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"forward\":{\"host\":\"localhost\",\"port\":1," FORWARD "}}",
               "log.forward.host");
  check_error (NEEDED ",\"log\":{\"path\":\"/l\",\"forward\":{\"socket\":\"/" LONG_PATH "\"," FORWARD "}}",
               "log.forward.socket");
  check_error (NEEDED ",\"log\":{\"driver\":\"none\",\"forward\":{\"socket\":\"/dev/log\"," FORWARD "}}",
               "log.forward");
}

static void
test_no_json (void)
{
  struct shim_options options;
  struct tss_error error;

  CHECK (load ("[]", &options, &error) < 0 && error.code == TSS_ERROR_INVALID);
  CHECK (load ("", &options, &error) < 0 && error.code == TSS_ERROR_INVALID);
  CHECK (load ("{\"version\":1,", &options, &error) < 0 && error.code == TSS_ERROR_INVALID);
  CHECK (load ("{\"version\":1,\"version\":1}", &options, &error) < 0 && error.code == TSS_ERROR_INVALID);
  CHECK (options_load ("/nonexistent/shim.json", &options, &error) < 0 && error.code == TSS_ERROR_NOT_FOUND);
}

static void
test_signal_names (void)
{
  char text[32];

  CHECK (signal_names_find ("SIGTERM") == SIGTERM && signal_names_find ("hup") == SIGHUP);
  CHECK (signal_names_find ("9") == 9 && signal_names_find ("RTMIN+3") == SIGRTMIN + 3);
  CHECK (signal_names_find ("SIGRTMAX-1") == SIGRTMAX - 1 && signal_names_find ("RTMAX") == SIGRTMAX);
  CHECK (signal_names_find ("") < 0 && signal_names_find ("SIG") < 0 && signal_names_find ("0") < 0);
  CHECK (signal_names_find ("65") < 0 && signal_names_find ("9x") < 0 && signal_names_find ("RTMIN+99") < 0);
  CHECK (signal_names_find ("99999999999999999999") < 0);
  /* Every name that is written can be read again; 32 and 33 have none. */
  for (int signal = 1; signal <= SIGRTMAX; signal++)
    {
      signal_names_format (signal, text, sizeof text);
      CHECK (signal_names_find (text) == signal);
    }
}

int
main (void)
{
  int fd = mkstemp (path);

  CHECK (fd >= 0);
  close (fd);
  test_defaults ();
  test_everything ();
  test_nulls ();
  test_errors ();
  test_no_json ();
  test_signal_names ();
  unlink (path);
  return check_finish ("shim-options");
}
