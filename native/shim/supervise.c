/* The container's life: create, start, output, end, restart. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define LOG_RETRY_MS 250
#define PIPE_SIZE (1 << 20)

static void on_output (struct watch *watch, uint32_t events);
static void on_input_writable (struct watch *watch, uint32_t events);

static uint64_t
read_start_time (pid_t pid)
{
  char path[64], text[1024];
  unsigned long long start = 0;
  snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
  if (fd >= 0)
    close (fd);
  if (count <= 0)
    return 0;
  text[count] = '\0';
  /* The name may hold anything, so count fields from its closing parenthesis: starttime is the 22nd. */
  const char *field = strrchr (text, ')');
  for (int number = 2; field != NULL && number < 22; number++)
    field = strchr (field + 1, ' ');
  if (field != NULL)
    sscanf (field, "%llu", &start);
  return start;
}

static void
changed (struct shim *shim, const char *event)
{
  state_write (shim);
  server_broadcast_event (shim, event);
}

static int
open_stdio (struct shim *shim, int child[3], struct tss_error *error)
{
  int out[2] = { -1, -1 }, err[2] = { -1, -1 }, in[2] = { -1, -1 };
  if (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0
      || (shim->config.wants_stdin && pipe2 (in, O_CLOEXEC) < 0))
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "make the pipes of the container");
  if (!shim->config.wants_stdin)
    in[0] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  fcntl (out[1], F_SETPIPE_SZ, PIPE_SIZE);
  fcntl (err[1], F_SETPIPE_SZ, PIPE_SIZE);
  shim->outputs[0].fd = out[0];
  shim->outputs[1].fd = err[0];
  shim->input.fd = in[1];
  child[0] = in[0];
  child[1] = out[1];
  child[2] = err[1];
  return 0;
}

static void
watch_stdio (struct shim *shim)
{
  for (int i = 0; i < 2; i++)
    if (shim->outputs[i].fd >= 0)
      {
        fcntl (shim->outputs[i].fd, F_SETFL, fcntl (shim->outputs[i].fd, F_GETFL) | O_NONBLOCK);
        watch_add (&shim->outputs[i], EPOLLIN);
      }
  if (shim->input.fd >= 0)
    {
      fcntl (shim->input.fd, F_SETFL, O_NONBLOCK);
      watch_add (&shim->input, 0);
    }
}

static void
close_stdio (struct shim *shim)
{
  for (int i = 0; i < 2; i++)
    watch_close (&shim->outputs[i]);
  watch_close (&shim->input);
}

int
supervise_create (struct shim *shim, struct tss_error *error)
{
  char spec_path[4096];
  int child[3] = { -1, -1, -1 };
  snprintf (spec_path, sizeof spec_path, "%s/config.json", shim->config.bundle);
  json_t *spec = tss_json_load_file (spec_path, error);
  if (spec == NULL)
    return -1;
  shim->outputs[0] = (struct watch){ .fd = -1, .ready = on_output, .owner = shim };
  shim->outputs[1] = shim->outputs[0];
  shim->input = (struct watch){ .fd = -1, .ready = on_input_writable, .owner = shim };
  shim->terminal = json_is_true (json_object_get (json_object_get (spec, "process"), "terminal"));
  int result = shim->terminal ? 0 : open_stdio (shim, child, error);
  struct box_options options = { .id = shim->config.id,
                                 .bundle = shim->config.bundle,
                                 .spec = spec,
                                 .overlay = shim->config.has_overlay ? &shim->config.overlay : NULL,
                                 .cgroup = shim->config.cgroup,
                                 .stdio = { child[0], child[1], child[2] } };
  if (result == 0)
    result = box_create (&options, &shim->box, error);
  for (int i = 0; i < 3; i++)
    tss_close (&child[i]);
  json_decref (spec);
  if (result < 0)
    {
      for (int i = 0; i < 2; i++)
        tss_close (&shim->outputs[i].fd);
      tss_close (&shim->input.fd);
      shim->box = NULL;
      return -1;
    }
  if (shim->terminal)
    shim->outputs[0].fd = box_steal_terminal (shim->box);
  watch_stdio (shim);
  shim->state.phase = PHASE_CREATED;
  shim->state.pid = box_pid (shim->box);
  shim->state.pid_start_time = read_start_time (shim->state.pid);
  if (shim->state.created_at[0] == '\0')
    state_now (shim->state.created_at);
  state_write (shim);
  return 0;
}

int
supervise_start (struct shim *shim, struct tss_error *error)
{
  if (shim->state.phase != PHASE_CREATED)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "only a created container can be started");
  if (box_start (shim->box, error) < 0)
    return -1;
  clock_gettime (CLOCK_BOOTTIME, &shim->run_began);
  shim->state.phase = PHASE_RUNNING;
  shim->state.has_exited = false;
  shim->state.error.code = TSS_ERROR_NONE;
  shim->state.next_restart_at[0] = '\0';
  shim->state.run = (struct run){ 0 };
  state_now (shim->state.run.started_at);
  shim->first_start_done = true;
  changed (shim, "started");
  return 0;
}

/* --- output and input --- */

static bool
read_output (struct shim *shim, unsigned stream)
{
  static char chunk[LOG_READ_SIZE];
  ssize_t count = TSS_RETRY (read (shim->outputs[stream].fd, chunk, sizeof chunk));
  if (count < 0 && errno == EAGAIN)
    return false;
  if (count <= 0)
    {
      watch_close (&shim->outputs[stream]); /* a terminal answers EIO when its last user has gone */
      return false;
    }
  log_append (&shim->log, &shim->streams[stream], chunk, (size_t)count);
  server_broadcast_output (shim, stream, chunk, (size_t)count);
  return true;
}

static void
pause_output (struct shim *shim, bool paused)
{
  for (int i = 0; i < 2; i++)
    watch_change (&shim->outputs[i], paused ? 0 : EPOLLIN);
}

static void
on_output (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  unsigned stream = watch == &shim->outputs[1];
  if ((events & EPOLLOUT) != 0)
    supervise_input (shim, NULL, 0, false);
  if (shim->log.blocked || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
    return;
  bool more = true;
  for (int round = 0; round < 16 && more; round++)
    {
      more = read_output (shim, stream);
      if (!log_flush (&shim->log))
        {
          /* The disk is full: the container's pipe fills up and it waits; nothing is lost. */
          pause_output (shim, true);
          timer_set (&shim->log_retry, LOG_RETRY_MS);
          return;
        }
    }
  if (!more)
    log_relax (&shim->log);
}

static void
drain_outputs (struct shim *shim)
{
  for (unsigned stream = 0; stream < 2; stream++)
    {
      while (shim->outputs[stream].fd >= 0 && !shim->log.blocked && read_output (shim, stream))
        log_flush (&shim->log);
      log_finish (&shim->log, &shim->streams[stream]);
      log_flush (&shim->log);
    }
}

static int
input_fd (const struct shim *shim)
{
  return shim->terminal ? shim->outputs[0].fd : shim->input.fd;
}

static void
watch_input (struct shim *shim, bool wanted)
{
  if (shim->terminal)
    watch_change (&shim->outputs[0], wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
  else
    watch_change (&shim->input, wanted ? EPOLLOUT : 0);
}

void
supervise_input (struct shim *shim, const char *data, size_t size, bool ends)
{
  if (size > 0)
    {
      char *grown = shim->pending_input_size + size > (1 << 20)
                        ? NULL
                        : realloc (shim->pending_input, shim->pending_input_size + size);
      if (grown == NULL)
        return;
      memcpy (grown + shim->pending_input_size, data, size);
      shim->pending_input = grown;
      shim->pending_input_size += size;
    }
  shim->input_ends = shim->input_ends || ends;
  while (shim->pending_input_size > 0 && input_fd (shim) >= 0)
    {
      ssize_t count = TSS_RETRY (write (input_fd (shim), shim->pending_input, shim->pending_input_size));
      if (count < 0 && errno != EAGAIN)
        shim->pending_input_size = 0;
      if (count <= 0)
        break;
      shim->pending_input_size -= (size_t)count;
      memmove (shim->pending_input, shim->pending_input + count, shim->pending_input_size);
    }
  watch_input (shim, shim->pending_input_size > 0);
  if (shim->pending_input_size == 0 && shim->input_ends)
    {
      shim->input_ends = false;
      if (shim->terminal)
        (void)!write (input_fd (shim), "\4", 1); /* end of transmission: what closing means on a terminal */
      else
        watch_close (&shim->input);
    }
}

static void
on_input_writable (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0)
    watch_close (watch);
  else
    supervise_input (shim, NULL, 0, false);
}

/* --- the end of a run --- */

static uint64_t
run_milliseconds (const struct shim *shim)
{
  struct timespec now;
  clock_gettime (CLOCK_BOOTTIME, &now);
  return (uint64_t)(now.tv_sec - shim->run_began.tv_sec) * 1000
         + (uint64_t)((now.tv_nsec - shim->run_began.tv_nsec) / 1000000);
}

static void
keep_run (struct state *state)
{
  if (state->run_count == KEPT_RUNS)
    memmove (state->runs, state->runs + 1, sizeof state->runs[0] * --state->run_count);
  state->runs[state->run_count++] = state->run;
}

static void
finish (struct shim *shim)
{
  shim->state.phase = PHASE_EXITED;
  shim->state.pid = 0;
  shim->done = true;
  changed (shim, "exited");
  server_announce_end (shim);
}

/* As shells and engines count: 127 not found, 126 not executable, 125 the engine itself. */
static int
exit_code_of (const struct tss_error *error)
{
  if (error->code == TSS_ERROR_EXEC_NOT_FOUND)
    return 127;
  return error->code == TSS_ERROR_EXEC_NOT_EXECUTABLE ? 126 : 125;
}

static bool
create_again (struct shim *shim)
{
  struct tss_error error = { 0 };
  if (supervise_create (shim, &error) == 0 && supervise_start (shim, &error) == 0)
    return true;
  if (shim->box != NULL)
    box_destroy (shim->box, NULL);
  shim->box = NULL;
  close_stdio (shim);
  shim->state.error = error;
  shim->state.run.exit_code = exit_code_of (&error);
  shim->state.run.signal = 0;
  shim->state.has_exited = true;
  return false;
}

/* A run has ended, its output is in the log and its box is gone: stay, wait or go on. */
static void
decide (struct shim *shim)
{
  enum intent intent = shim->intent;
  shim->intent = INTENT_POLICY;
  if (intent == INTENT_RESTART)
    {
      if (create_again (shim))
        server_announce_restarted (shim);
      else
        finish (shim);
      return;
    }
  int64_t delay = intent == INTENT_STOP
                      ? -1
                      : restart_delay (&shim->config.restart, shim->state.run.exit_code, shim->state.restart_count,
                                       run_milliseconds (shim), &shim->next_backoff_ms);
  if (delay < 0)
    {
      finish (shim);
      return;
    }
  shim->state.phase = PHASE_RESTARTING;
  shim->state.pid = 0;
  state_now (shim->state.next_restart_at);
  timer_set (&shim->backoff, (uint64_t)delay);
  changed (shim, "restarting");
}

void
supervise_child_ended (struct shim *shim, int status)
{
  struct run *run = &shim->state.run;
  timer_stop (&shim->grace);
  run->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  run->exit_code = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
  if (shim->state.error.code != TSS_ERROR_NONE && !shim->first_start_done)
    {
      run->signal = 0; /* the program never ran: that it was killed then is our own doing */
      run->exit_code = exit_code_of (&shim->state.error);
    }
  run->oom_killed = box_oom_kills (shim->box) > 0;
  shim->state.has_exited = true;
  state_now (run->finished_at);
  box_kill_all (shim->box, NULL);
  drain_outputs (shim);
  close_stdio (shim);
  box_destroy (shim->box, NULL);
  shim->box = NULL;
  if (run->oom_killed)
    server_broadcast_event (shim, "oom");
  keep_run (&shim->state);
  decide (shim);
}

static void
on_backoff (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  uint64_t count;
  (void)events;
  (void)!read (watch->fd, &count, sizeof count);
  if (shim->state.phase != PHASE_RESTARTING)
    return;
  shim->state.restart_count++;
  if (!create_again (shim))
    {
      state_now (shim->state.run.finished_at);
      decide (shim);
    }
}

static void
on_grace (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  uint64_t count;
  (void)events;
  (void)!read (watch->fd, &count, sizeof count);
  if (shim->box != NULL && shim->state.phase == PHASE_STOPPING)
    box_kill_all (shim->box, NULL);
}

static void
on_log_retry (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  uint64_t count;
  (void)events;
  (void)!read (watch->fd, &count, sizeof count);
  if (log_flush (&shim->log))
    pause_output (shim, false);
  else
    timer_set (&shim->log_retry, LOG_RETRY_MS);
}

void
supervise_open_timers (struct shim *shim)
{
  timer_open (&shim->backoff, on_backoff, shim);
  timer_open (&shim->grace, on_grace, shim);
  timer_open (&shim->log_retry, on_log_retry, shim);
}

void
supervise_stop (struct shim *shim, int signal_number, int64_t grace_ms, enum intent intent)
{
  shim->intent = intent;
  if (shim->state.phase == PHASE_RESTARTING)
    {
      timer_stop (&shim->backoff);
      shim->state.next_restart_at[0] = '\0';
      decide (shim);
      return;
    }
  if (shim->box == NULL)
    return;
  bool was_created = shim->state.phase == PHASE_CREATED, was_paused = shim->state.phase == PHASE_PAUSED;
  bool first = shim->state.phase != PHASE_STOPPING;
  shim->state.phase = PHASE_STOPPING;
  if (first)
    changed (shim, "stopping");
  if (was_created || grace_ms == 0)
    {
      box_kill_all (shim->box, NULL);
      return;
    }
  if (first)
    kill (shim->state.pid, signal_number);
  if (was_paused)
    box_freeze (shim->box, false, NULL);
  if (grace_ms > 0)
    timer_set (&shim->grace, (uint64_t)grace_ms);
}

int
supervise_pause (struct shim *shim, bool paused, struct tss_error *error)
{
  if (shim->state.phase != (paused ? PHASE_RUNNING : PHASE_PAUSED))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "",
                          paused ? "the container is not running" : "the container is not paused");
  if (box_freeze (shim->box, paused, error) < 0)
    return -1;
  shim->state.phase = paused ? PHASE_PAUSED : PHASE_RUNNING;
  changed (shim, paused ? "paused" : "resumed");
  return 0;
}
