/* tsstack-shim: the parent of one container. `--config shim.json` holds a container, `--launcher` starts shims.
 * docs/native.md, sections 1 to 5. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "../common/sealed-exec.h"
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static void
reap (struct shim *shim)
{
  pid_t pid;
  int status;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (shim->box != NULL && pid == box_pid (shim->box))
      supervise_child_ended (shim, status);
    else
      server_child_ended (shim, pid, status);
}

static void
on_signal (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  struct signalfd_siginfo info;
  (void)events;
  while (read (watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
    if (info.ssi_signo == SIGTERM)
      supervise_stop (shim, shim->config.stop_signal, shim->config.stop_grace_ms, INTENT_STOP);
  reap (shim);
}

static int
open_signals (struct shim *shim)
{
  sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  shim->signals
      = (struct watch){ .fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal, .owner = shim };
  return shim->signals.fd < 0 ? -1 : watch_add (&shim->signals, EPOLLIN);
}

static void
report (int ready, json_t *message)
{
  char *text = json_dumps (message, JSON_COMPACT);
  json_decref (message);
  if (text != NULL && ready >= 0)
    dprintf (ready, "%s\n", text);
  free (text);
}

static int
set_up (struct shim *shim, const char *config_path, struct tss_error *error)
{
  if (config_load (&shim->config, config_path, error) < 0)
    return -1;
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 || watch_open_loop () < 0 || open_signals (shim) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "prepare the shim");
  shim->streams[0].name = "stdout";
  shim->streams[1].name = "stderr";
  supervise_open_timers (shim);
  if (log_open (&shim->log, shim->config.log_path, (off_t)shim->config.log_max_bytes,
                (unsigned)shim->config.log_max_files)
      < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, shim->config.log_path, "open the log %s", shim->config.log_path);
  if (server_open (shim, error) < 0)
    return -1;
  if (supervise_create (shim, error) < 0)
    {
      unlink (shim->config.socket);
      return -1;
    }
  return 0;
}

static void
start_at_once (struct shim *shim)
{
  struct tss_error error = { 0 };
  if (supervise_start (shim, &error) == 0)
    return;
  shim->state.error = error;
  supervise_stop (shim, SIGKILL, 0, INTENT_STOP);
}

static int
hold_container (const char *config_path, int ready)
{
  static struct shim shim;
  struct tss_error error = { 0 };
  if (set_up (&shim, config_path, &error) < 0)
    {
      report (ready, json_pack ("{s:o}", "error", tss_error_to_json (&error)));
      return 1;
    }
  if (shim.config.autostart)
    start_at_once (&shim);
  report (ready, json_pack ("{s:o}", "state", state_to_json (&shim)));
  tss_close (&ready);
  while (!shim.done)
    if (watch_run_once () < 0)
      break;
  server_drain (&shim);
  log_close (&shim.log);
  unlink (shim.config.socket);
  return 0;
}

int
main (int argc, char **argv)
{
  struct tss_error error = { 0 };
  const char *ready = getenv ("TSSTACK_READY_FD");
  if (tss_reexec_sealed (argv, &error) < 0)
    {
      fprintf (stderr, "tsstack-shim: %s\n", error.message);
      return 1;
    }
  if (argc == 2 && strcmp (argv[1], "--launcher") == 0)
    return launcher_main ();
  if (argc == 3 && strcmp (argv[1], "--config") == 0)
    return hold_container (argv[2], ready != NULL ? atoi (ready) : -1);
  fprintf (stderr, "usage: tsstack-shim --launcher | --config shim.json\n");
  return 2;
}
