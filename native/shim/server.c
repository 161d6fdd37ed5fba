/* The shim's socket and its clients. */
#include "server.h"
#include "../common/cleanup.h"
#include "clock.h"
#include "shim.h"
#include "socket.h"

#include <sys/socket.h>

enum
{
  /* Far above any use; a flood of connections must not use up memory and descriptors. */
  CLIENTS_MAX = 256
};

static size_t
count_clients (const struct shim *shim)
{
  size_t count = 0;

  for (const struct client *client = shim->server.clients; client; client = client->next)
    count++;
  return count;
}

static void
on_connection (void *context, int fd)
{
  struct shim *shim = context;

  if (count_clients (shim) < CLIENTS_MAX)
    client_open (shim, fd, NULL);
  else
    close (fd);
}

static void
on_sweep (void *context)
{
  struct shim *shim = context;
  struct client **link = &shim->server.clients;

  while (*link)
    {
      struct client *client = *link;

      if (!client->is_gone)
        {
          link = &client->next;
          continue;
        }
      *link = client->next;
      free (client);
    }
  shim_check_finished (shim);
}

int
server_open (struct shim *shim, struct tss_error *error)
{
  struct server *server = &shim->server;

  int fd = socket_listen (shim->options.socket, error);

  server->sweep = (struct loop_timer){ .function = on_sweep, .context = shim };
  if (fd < 0)
    return -1;
  server->listener = (struct listener){ .loop = &shim->loop, .function = on_connection, .context = shim };
  if (listener_open (&server->listener, fd, error) == 0)
    return 0;
  unlink (shim->options.socket);
  return -1;
}

void
server_close_listener (struct shim *shim)
{
  if (shim->server.listener.watch.fd < 0)
    return;
  listener_close (&shim->server.listener);
  unlink (shim->options.socket);
}

void
server_send_event (struct shim *shim, const char *name)
{
  char now[CLOCK_TEXT_LENGTH + 1];

  clock_format (clock_now (), now);
  for (struct client *client = shim->server.clients; client; client = client->next)
    if (client->is_subscribed)
      client_send_json (client, FRAME_EVENT,
                        json_pack ("{s:s, s:s, s:o}", "event", name, "at", now, "state", state_to_json (&shim->state)));
}

void
server_send_output (struct shim *shim, int stream, const char *data, size_t size)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    if (client->gets_output)
      client_send_output (client, stream, data, size);
}

bool
server_is_full (const struct shim *shim)
{
  for (const struct client *client = shim->server.clients; client; client = client->next)
    if (client->is_waited_for && client->gets_output && client_is_full (client))
      return true;
  return false;
}

bool
server_is_being_read (const struct shim *shim)
{
  for (const struct client *client = shim->server.clients; client; client = client->next)
    if (client->is_waited_for && !client->is_gone && buffer_length (&client->output) > 0)
      return true;
  return false;
}

json_t *
server_exit_to_json (int exit_code, int signal)
{
  return json_pack ("{s:i, s:o, s:n}", "exitCode", exit_code, "signal", state_signal_to_json (signal), "error");
}

void
server_end_attachments (struct shim *shim, const struct run_record *run)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    {
      if (!client->gets_output && !client->gives_input)
        continue;
      client_tell_missed (client);
      client_send_json (client, FRAME_EXIT, server_exit_to_json (run->exit_code, run->signal));
      client->gets_output = client->gives_input = false;
    }
}

void
server_answer (struct shim *shim, enum wait_kind kind, const struct tss_error *error)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    for (struct waiter **link = &client->waiters; *link;)
      {
        struct waiter *waiter = *link;

        if (waiter->kind != kind)
          {
            link = &waiter->next;
            continue;
          }
        *link = waiter->next;
        if (error)
          client_reply_error (client, waiter->seq, error);
        else
          client_reply (client, waiter->seq, "state", state_to_json (&shim->state));
        free (waiter);
        if (client->is_gone)
          break;
      }
}

void
server_resume_input (struct shim *shim, const struct sink *sink)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    client_resume (client, sink);
}

void
server_dismiss (struct shim *shim)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    if (!client->session && !client->is_gone)
      client->was_attached ? client_linger (client) : client_leave (client);
}

bool
server_is_empty (const struct shim *shim)
{
  return !shim->server.clients;
}

void
server_sweep_later (struct shim *shim)
{
  if (!shim->server.sweep.active)
    loop_start_timer (&shim->loop, &shim->server.sweep, 0);
}
