/* One run of the container: its box, its stdio, its end. */
#include "run.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "clock.h"
#include "privileges.h"
#include "runtime.h"
#include "shim.h"
#include "stdio-pipes.h"
#include "supervise.h"

#include <limits.h>
#include <malloc.h>
#include <sys/wait.h>

enum
{
  /* For output that a process outside of the container's pid namespace holds open. */
  DRAIN_MS = 1000
};

/* The container waits while the disk is full, and for who is waited for; what a dead one has left in its pipes fits
 * into memory. */
static bool
is_output_held (const struct shim *shim)
{
  return !shim->run.has_ended && (log_is_full (&shim->log) || server_is_full (shim));
}

static void
on_output (void *context, int stream, char *data, size_t size)
{
  struct shim *shim = context;

  server_send_output (shim, stream, data, size);
  log_append (&shim->log, stream, data, size);
  if (is_output_held (shim))
    for (int i = 0; i < 2; i++)
      pump_set_paused (&shim->run.outputs[i], true);
}

void
run_resume_output (struct shim *shim)
{
  if (is_output_held (shim))
    return;
  for (int i = 0; i < 2; i++)
    pump_set_paused (&shim->run.outputs[i], false);
}

int
run_exit_code_of (const struct tss_error *error)
{
  /* As shells and engines count. */
  if (error->code == TSS_ERROR_EXEC_NOT_FOUND)
    return 127;
  return error->code == TSS_ERROR_EXEC_NOT_EXECUTABLE ? 126 : 125;
}

static void
close_run (struct shim *shim)
{
  PRIVILEGES_RAISED;
  struct run *run = &shim->run;
  struct tss_error error = { 0 };

  loop_stop_timer (&shim->loop, &run->drain);
  for (int i = 0; i < 2; i++)
    {
      pump_close (&run->outputs[i]);
      log_end_stream (&shim->log, i);
    }
  sink_close (&run->input);
  server_resume_input (shim, &run->input);
  if (shim->options.runtime)
    runtime_delete (&shim->options);
  if (box_destroy (run->box, &error) < 0 && shim->state.error.code == TSS_ERROR_NONE)
    shim->state.error = error;
  run->box = NULL;
}

static void
finish_when_drained (struct shim *shim)
{
  if (!shim->run.has_ended || pump_is_open (&shim->run.outputs[0]) || pump_is_open (&shim->run.outputs[1]))
    return;
  close_run (shim);
  supervise_run_ended (shim);
}

static void
on_output_end (void *context, int stream)
{
  (void)stream;
  finish_when_drained (context);
}

static void
on_drain_end (void *context)
{
  struct shim *shim = context;

  /* A busy machine may have left us no time to read until now. */
  for (int i = 0; i < 2; i++)
    pump_drain (&shim->run.outputs[i]);
  close_run (shim);
  supervise_run_ended (shim);
}

static void
on_input_drained (void *context)
{
  struct shim *shim = context;

  server_resume_input (shim, &shim->run.input);
}

void
run_init (struct shim *shim)
{
  struct run *run = &shim->run;

  for (int i = 0; i < 2; i++)
    run->outputs[i] = (struct pump){
      .loop = &shim->loop,
      .scratch = &shim->scratch,
      .watch = { .fd = -1 },
      .stream = i,
      .context = shim,
      .data = on_output,
      .end = on_output_end,
    };
  run->input
      = (struct sink){ .loop = &shim->loop, .watch = { .fd = -1 }, .context = shim, .drained = on_input_drained };
  run->drain = (struct loop_timer){ .function = on_drain_end, .context = shim };
}

void
run_set_oom_score (json_t *process, int score)
{
  const json_t *own = json_object_get (process, "oomScoreAdj");

  if (json_is_object (process) && (!own || json_is_null (own)))
    json_object_set_new (process, "oomScoreAdj", json_integer (score));
}

static json_t *
load_spec (struct shim *shim, struct tss_error *error)
{
  char path[PATH_MAX];
  json_t *spec, *process;

  if ((size_t)snprintf (path, sizeof path, "%s/config.json", shim->options.bundle) >= sizeof path)
    {
      tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "bundle", "open the bundle %s", shim->options.bundle);
      return NULL;
    }
  spec = tss_json_load_file (path, error);
  process = json_object_get (spec, "process");
  run_set_oom_score (process, shim->oom_score);
  shim->run.oom_score = (int)json_integer_value (json_object_get (process, "oomScoreAdj"));
  return spec;
}

static int
make_box (struct shim *shim, const struct box_options *options, int *terminal, struct tss_error *error)
{
  struct run *run = &shim->run;

  if (shim->options.runtime)
    return runtime_create (&shim->options, options->spec, options->stdio, &run->box, terminal, error);
  if (box_create (options, &run->box, error) < 0)
    return -1;
  *terminal = box_steal_terminal (run->box);
  return 0;
}

static int
create_box (struct shim *shim, const json_t *spec, struct stdio_pipes *pipes, struct tss_error *error)
{
  PRIVILEGES_RAISED;
  struct run *run = &shim->run;
  int terminal = -1;
  struct box_options options = {
    .id = shim->options.id,
    .bundle = shim->options.bundle,
    .spec = spec,
    .overlay = shim->options.has_overlay ? &shim->options.overlay : NULL,
    .cgroup = shim->options.cgroup,
  };

  run->is_terminal = json_is_true (json_object_get (json_object_get (spec, "process"), "terminal"));
  if (!run->is_terminal && stdio_pipes_open (pipes, shim->options.has_stdin, true, error) < 0)
    return -1;
  for (int i = 0; i < 3; i++)
    options.stdio[i] = pipes->theirs[i];
  if (make_box (shim, &options, &terminal, error) < 0)
    return -1;
  if (run->is_terminal)
    stdio_pipes_set_terminal (pipes, terminal);
  return 0;
}

static int
connect_stdio (struct shim *shim, struct stdio_pipes *pipes, struct tss_error *error)
{
  struct run *run = &shim->run;

  for (int i = 0; i < 2; i++)
    if (pipes->ours[i + 1] >= 0 && pump_open (&run->outputs[i], tss_steal_fd (&pipes->ours[i + 1]), error) < 0)
      return -1;
  if (pipes->ours[0] < 0 || !shim->options.has_stdin)
    return 0;
  return sink_open (&run->input, tss_steal_fd (&pipes->ours[0]), run->is_terminal, error);
}

int
run_create (struct shim *shim, struct tss_error *error)
{
  __attribute__ ((cleanup (stdio_pipes_close))) struct stdio_pipes pipes = STDIO_PIPES_CLOSED;
  tss_autojson json_t *spec = load_spec (shim, error);

  shim->run.has_started = shim->run.has_ended = false;
  shim->run.start_error = (struct tss_error){ 0 };
  if (!spec || privileges_limit (spec, error) < 0 || create_box (shim, spec, &pipes, error) < 0)
    return -1;
  if (connect_stdio (shim, &pipes, error) < 0)
    {
      close_run (shim);
      return -1;
    }
  json_decref (tss_steal_pointer (&spec));
  malloc_trim (0); /* the spec was the largest thing that this process ever holds */
  return 0;
}

int
run_start (struct shim *shim, struct tss_error *error)
{
  PRIVILEGES_RAISED;

  shim->run.began_ms = loop_now_ms ();
  if ((shim->options.runtime ? runtime_start (&shim->options, error) : box_start (shim->run.box, error)) < 0)
    {
      shim->run.start_error = *error;
      box_kill_all (shim->run.box, NULL);
      return -1;
    }
  shim->run.has_started = true;
  return 0;
}

static void
record_end (struct shim *shim, int status)
{
  struct run_record *record = &shim->state.current;

  record->finished_at = clock_now ();
  record->oom_killed = box_oom_kills (shim->run.box) > 0;
  if (shim->run.start_error.code != TSS_ERROR_NONE)
    {
      record->exit_code = run_exit_code_of (&shim->run.start_error);
      return;
    }
  record->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  record->exit_code = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
}

/* With the host's pid namespace others may live on, and hold the pipes open. */
static void
kill_rest (struct shim *shim)
{
  PRIVILEGES_RAISED;

  box_kill_all (shim->run.box, NULL);
}

void
run_process_ended (struct shim *shim, int status)
{
  shim->run.has_ended = true;
  record_end (shim, status);
  kill_rest (shim);
  loop_start_timer (&shim->loop, &shim->run.drain, DRAIN_MS);
  run_resume_output (shim);
  finish_when_drained (shim);
}
