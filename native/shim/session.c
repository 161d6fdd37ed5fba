/* Exec: a further process in the container, and the connection that carries its stdio. */
#include "session.h"
#include "../common/cleanup.h"
#include "privileges.h"
#include "runtime.h"
#include "server.h"
#include "shim.h"
#include "stdio-pipes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

enum
{
  /* How long children of an ended process that hold its output open may still write. */
  DRAIN_MS = 500
};

static void
free_session (struct session *session)
{
  struct shim *shim = session->shim;
  struct session **link = &shim->sessions;

  while (*link != session)
    link = &(*link)->next;
  *link = session->next;
  for (int i = 0; i < 2; i++)
    pump_close (&session->outputs[i]);
  sink_close (&session->input);
  loop_stop_timer (&shim->loop, &session->timeout);
  loop_stop_timer (&shim->loop, &session->drain);
  free (session);
  shim_check_finished (shim);
}

static int
exit_code (const struct session *session)
{
  if (session->is_timed_out)
    return -1;
  return WIFSIGNALED (session->status) ? 128 + WTERMSIG (session->status) : WEXITSTATUS (session->status);
}

static void
finish (struct session *session)
{
  struct client *client = session->client;
  int signal = WIFSIGNALED (session->status) ? WTERMSIG (session->status) : 0;

  if (client)
    {
      client->session = NULL;
      client_resume (client, &session->input);
      client_send_json (client, FRAME_EXIT, server_exit_to_json (exit_code (session), signal));
      client_linger (client);
    }
  free_session (session);
}

static void
finish_when_done (struct session *session)
{
  if (session->has_ended && !pump_is_open (&session->outputs[0]) && !pump_is_open (&session->outputs[1]))
    finish (session);
}

static void
on_output (void *context, int stream, char *data, size_t size)
{
  struct session *session = context;

  if (!session->client)
    return;
  client_send_output (session->client, stream, data, size);
  if (session->client && client_is_full (session->client))
    for (int i = 0; i < 2; i++)
      pump_set_paused (&session->outputs[i], true);
}

static void
on_output_end (void *context, int stream)
{
  (void)stream;
  finish_when_done (context);
}

/* A slow client gets all the time it needs; only silence of whoever holds the output open ends the wait. */
static void
on_drain_end (void *context)
{
  struct session *session = context;

  if (session->client && buffer_length (&session->client->output) > 0)
    {
      loop_start_timer (&session->shim->loop, &session->drain, DRAIN_MS);
      return;
    }
  /* A busy machine may have left us no time to read until now. */
  for (int i = 0; i < 2; i++)
    pump_drain (&session->outputs[i]);
  finish (session);
}

/* The process leads a session of its own, so that its group takes most of its children along. */
static void
kill_process (struct session *session)
{
  if (session->has_ended)
    return;
  kill (-session->pid, SIGKILL);
  kill (session->pid, SIGKILL);
}

static void
on_timeout (void *context)
{
  struct session *session = context;

  session->is_timed_out = true;
  kill_process (session);
}

static void
on_input_drained (void *context)
{
  struct session *session = context;

  if (session->client)
    client_resume (session->client, &session->input);
}

static struct session *
new_session (struct shim *shim)
{
  struct session *session = calloc (1, sizeof *session);

  if (!session)
    return NULL;
  session->shim = shim;
  for (int i = 0; i < 2; i++)
    session->outputs[i] = (struct pump){
      .loop = &shim->loop,
      .scratch = &shim->scratch,
      .watch = { .fd = -1 },
      .stream = i,
      .context = session,
      .data = on_output,
      .end = on_output_end,
    };
  session->input
      = (struct sink){ .loop = &shim->loop, .watch = { .fd = -1 }, .context = session, .drained = on_input_drained };
  session->timeout = (struct loop_timer){ .function = on_timeout, .context = session };
  session->drain = (struct loop_timer){ .function = on_drain_end, .context = session };
  session->next = shim->sessions;
  shim->sessions = session;
  return session;
}

static int
enter_box (struct session *session, const struct box_exec_options *options, int *terminal, struct tss_error *error)
{
  const struct shim *shim = session->shim;

  if (shim->options.runtime)
    return runtime_exec (&shim->options, options, &session->pid, terminal, error);
  return box_exec (shim->run.box, options, &session->pid, terminal, error);
}

static int
start_process (struct session *session, const struct session_options *options, struct stdio_pipes *pipes,
               struct tss_error *error)
{
  PRIVILEGES_RAISED;
  tss_autojson json_t *process = json_copy ((json_t *)(uintptr_t)options->process);
  struct box_exec_options box_options = { .process = process, .privileged = options->is_privileged, .gives_up = true };
  int terminal = -1;

  run_set_oom_score (process, session->shim->run.oom_score);
  for (int i = 0; i < 3; i++)
    box_options.stdio[i] = pipes->theirs[i];
  if (enter_box (session, &box_options, &terminal, error) < 0)
    return -1;
  if (session->is_terminal)
    stdio_pipes_set_terminal (pipes, terminal);
  return 0;
}

static int
connect_stdio (struct session *session, struct stdio_pipes *pipes, struct tss_error *error)
{
  for (int i = 0; i < 2; i++)
    if (pipes->ours[i + 1] >= 0 && pump_open (&session->outputs[i], tss_steal_fd (&pipes->ours[i + 1]), error) < 0)
      return -1;
  if (pipes->ours[0] < 0)
    return 0;
  return sink_open (&session->input, tss_steal_fd (&pipes->ours[0]), session->is_terminal, error);
}

static int
open_process (struct session *session, const struct session_options *options, struct tss_error *error)
{
  __attribute__ ((cleanup (stdio_pipes_close))) struct stdio_pipes pipes = STDIO_PIPES_CLOSED;

  session->is_terminal = json_is_true (json_object_get (options->process, "terminal"));
  if (!session->is_terminal && stdio_pipes_open (&pipes, options->has_stdin, !options->is_detached, error) < 0)
    return -1;
  if (start_process (session, options, &pipes, error) < 0)
    return -1;
  if (connect_stdio (session, &pipes, error) == 0)
    return 0;
  kill_process (session);
  return -1;
}

pid_t
session_open (struct client *client, const struct session_options *options, struct tss_error *error)
{
  struct session *session = new_session (client->shim);

  if (!session)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "remember a process");
  if (open_process (session, options, error) < 0)
    {
      free_session (session);
      return -1;
    }
  if (options->timeout_ms >= 0)
    loop_start_timer (&client->shim->loop, &session->timeout, (uint64_t)options->timeout_ms);
  if (!options->is_detached)
    {
      session->client = client;
      client->session = session;
      client->is_waited_for = true;
    }
  return session->pid;
}

bool
session_process_ended (struct shim *shim, pid_t pid, int status)
{
  for (struct session *session = shim->sessions; session; session = session->next)
    if (session->pid == pid && !session->has_ended)
      {
        session->has_ended = true;
        session->status = status;
        loop_stop_timer (&shim->loop, &session->timeout);
        loop_start_timer (&shim->loop, &session->drain, DRAIN_MS);
        finish_when_done (session);
        return true;
      }
  return false;
}

struct sink *
session_input (struct session *session)
{
  return &session->input;
}

int
session_resize (struct session *session, unsigned short rows, unsigned short columns, struct tss_error *error)
{
  if (!session->is_terminal)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "resize: the process has no terminal");
  return stdio_pipes_resize (session->outputs[0].watch.fd, rows, columns, error);
}

void
session_resume (struct session *session)
{
  for (int i = 0; i < 2; i++)
    pump_set_paused (&session->outputs[i], false);
}

void
session_lose_client (struct session *session)
{
  session->client = NULL;
  kill_process (session);
  session_resume (session);
}
