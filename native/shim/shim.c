/* The shim as a whole: setting up, hearing of children, and its own end. */
#include "shim.h"
#include "../common/cleanup.h"
#include "privileges.h"
#include "ready.h"
#include "runtime.h"
#include "self.h"
#include "state-file.h"
#include "supervise.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum
{
  /* For clients that do not read what they have been sent, as a daemon that a busy machine does not let run for some
   * seconds; or for a disk that stays full. */
  LINGER_MS = 5000,
  LINGER_FOR_DISK_MS = 10000,
  WRITE_AGAIN_MS = 250,
};

static void
reap_children (struct shim *shim)
{
  pid_t pid;
  int status;

  while ((pid = TSS_RETRY (waitpid (-1, &status, WNOHANG))) > 0)
    {
      /* Others are orphans of the container, when it shares our pid namespace. */
      if (shim->run.box && !shim->run.has_ended && pid == box_pid (shim->run.box))
        run_process_ended (shim, status);
      else if (!log_child_ended (&shim->log, pid, status))
        session_process_ended (shim, pid, status);
    }
}

static void
on_signal (void *context, uint32_t events)
{
  struct shim *shim = context;
  struct signalfd_siginfo info;

  (void)events;
  if (TSS_RETRY (read (shim->signals.fd, &info, sizeof info)) != sizeof info)
    return;
  if (info.ssi_signo == SIGCHLD)
    reap_children (shim);
  else
    stop_request (shim, &shim->options.stop);
}

/* The count in the state is worth an event when it begins to grow and when the log goes on. */
static void
on_log_overflow (void *context)
{
  shim_state_changed (context, "overflow");
}

static void
on_log_unblocked (void *context)
{
  struct shim *shim = context;

  if (shim->log.overflow.lines > 0)
    shim_state_changed (shim, "overflow");
  run_resume_output (shim);
  shim_check_finished (shim);
}

static void
on_linger_end (void *context)
{
  struct shim *shim = context;

  /* They get all the time that they need, as those of an exec; a client that has died is none any more. */
  if (server_is_being_read (shim))
    {
      loop_start_timer (&shim->loop, &shim->linger, LINGER_MS);
      return;
    }
  if (shim->log.blocked)
    {
      tss_error_set (&shim->state.error, TSS_ERROR_IO, shim->log.error_number, shim->options.log.path,
                     "write the log: %zu bytes are lost", log_discard (&shim->log));
      state_write (&shim->state, shim->options.state_file, NULL);
    }
  loop_stop (&shim->loop);
}

static int
set_up (struct shim *shim, const char *options_path, struct tss_error *error)
{
  if (self_prepare (&shim->oom_score, error) < 0 || options_load (options_path, &shim->options, error) < 0
      || loop_open (&shim->loop, error) < 0)
    return -1;
  state_init (&shim->state, shim->options.id);
  scratch_init (&shim->scratch, &shim->loop);
  run_init (shim);
  stop_init (shim);
  supervise_init (shim);
  shim->linger = (struct loop_timer){ .function = on_linger_end, .context = shim };
  shim->signals = (struct loop_watch){ .fd = self_open_signals (error), .function = on_signal, .context = shim };
  if (shim->signals.fd < 0 || loop_set (&shim->loop, &shim->signals, EPOLLIN, error) < 0)
    return -1;
  if (log_open (&shim->log, &shim->loop, &shim->scratch, &shim->options.log, error) < 0)
    return -1;
  shim->log.unblocked = on_log_unblocked;
  shim->log.overflowed = on_log_overflow;
  shim->state.overflow = &shim->log.overflow;
  shim->log.context = shim;
  return server_open (shim, error);
}

static int
create (struct shim *shim, struct tss_error *error)
{
  if (supervise_create (shim, error) == 0)
    return 0;
  privileges_raise ();
  if (shim->run.box && shim->options.runtime)
    runtime_delete (&shim->options);
  if (shim->run.box)
    box_destroy (shim->run.box, NULL);
  return -1;
}

/* The answer is the started container, or, from shim_finish, why it could not start. */
static void
report_created (struct shim *shim)
{
  struct tss_error error;

  if (shim->options.autostart && supervise_start (shim, &error) < 0)
    return;
  ready_report (&shim->ready_fd, "state", state_to_json (&shim->state));
}

static void
clean_up (struct shim *shim)
{
  server_close_listener (shim);
  log_close (&shim->log);
  options_free (&shim->options);
}

int
shim_run (const char *options_path, int ready_fd)
{
  static struct shim shim = { .ready_fd = -1, .server.listener.watch.fd = -1, .log.file.fd = -1 };
  struct tss_error error = { 0 };

  shim.ready_fd = ready_fd;
  if (set_up (&shim, options_path, &error) < 0 || create (&shim, &error) < 0)
    {
      server_close_listener (&shim);
      fprintf (stderr, "tsstack-shim: %s\n", error.message);
      ready_report (&shim.ready_fd, "error", tss_error_to_json (&error));
      return 1;
    }
  report_created (&shim);
  if (loop_run (&shim.loop, &error) < 0)
    fprintf (stderr, "tsstack-shim: %s\n", error.message);
  clean_up (&shim);
  return 0;
}

static void store_state (struct shim *shim);

static void
on_write_again (void *context)
{
  store_state (context);
  shim_check_finished (context);
}

/* A run directory without room must not end the container: the socket still tells the truth, and the file is written
 * when there is room. Whoever finds nobody at the socket finds the end in the file. */
static void
store_state (struct shim *shim)
{
  loop_stop_timer (&shim->loop, &shim->write_again);
  shim->is_state_unwritten = state_write (&shim->state, shim->options.state_file, NULL) < 0;
  if (shim->is_state_unwritten)
    {
      shim->write_again = (struct loop_timer){ .function = on_write_again, .context = shim };
      loop_start_timer (&shim->loop, &shim->write_again, WRITE_AGAIN_MS);
    }
  else if (shim->state.phase == PHASE_EXITED)
    server_close_listener (shim);
}

void
shim_state_changed (struct shim *shim, const char *event)
{
  /* In this order, so that whoever has been told of the end finds nobody at the socket. */
  store_state (shim);
  server_send_event (shim, event);
}

void
shim_finish (struct shim *shim)
{
  bool waits_for_disk;

  if (shim->ready_fd >= 0)
    {
      /* Nobody but the caller knows of this container yet, and shall find nothing of it. */
      loop_stop_timer (&shim->loop, &shim->write_again);
      shim->is_state_unwritten = false;
      state_file_remove (shim->options.state_file);
      ready_report (&shim->ready_fd, "error", tss_error_to_json (&shim->state.error));
    }
  shim->is_finishing = true;
  waits_for_disk = shim->log.blocked || shim->is_state_unwritten;
  loop_start_timer (&shim->loop, &shim->linger, waits_for_disk ? LINGER_FOR_DISK_MS : LINGER_MS);
  server_dismiss (shim);
  shim_check_finished (shim);
}

void
shim_check_finished (struct shim *shim)
{
  if (shim->is_finishing && server_is_empty (shim) && !shim->sessions && !shim->log.blocked
      && !shim->is_state_unwritten)
    loop_stop (&shim->loop);
}
