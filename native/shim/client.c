/* One connection to the shim's socket. */
#include "client.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "requests.h"
#include "server.h"
#include "session.h"
#include "shim.h"
#include "sink.h"

#include <string.h>
#include <sys/socket.h>

enum
{
  /* Pieces that a client with little room left can still take. */
  OUTPUT_FRAME_MAX = 64 * 1024,
  /* Replies and events that nobody reads: such a client has died without closing. */
  ABANDONED_UNREAD = 4 * 1024 * 1024,
  /* Replies that one client may wait for at once: far above any use. */
  WAITERS_MAX = 64,
};

static void
watch_client (struct client *client)
{
  bool wants_input = !client->waits_for && (!client->leaves_after_output || client->lingers);
  uint32_t events = (wants_input ? EPOLLIN : 0) | (buffer_length (&client->output) > 0 ? EPOLLOUT : 0);

  /* One that can be heard no more would stay for ever. */
  if (loop_set (&client->shim->loop, &client->watch, events, NULL) < 0)
    client_close (client);
}

/* False when nothing more can be sent. */
static bool
send_queue (struct client *client)
{
  while (buffer_length (&client->output) > 0)
    {
      ssize_t count = TSS_RETRY (
          send (client->watch.fd, buffer_bytes (&client->output), buffer_length (&client->output), MSG_NOSIGNAL));

      if (count < 0)
        return errno == EAGAIN;
      buffer_consume (&client->output, (size_t)count);
    }
  return true;
}

static void
flush (struct client *client)
{
  if (client->is_gone)
    return;
  bool is_done = send_queue (client) ? client->leaves_after_output && buffer_length (&client->output) == 0 : true;
  if (is_done && client->lingers && shutdown (client->watch.fd, SHUT_WR) == 0)
    is_done = false;
  if (is_done)
    {
      client_close (client);
      return;
    }
  watch_client (client);
  if (buffer_length (&client->output) > 0)
    return;
  client_tell_missed (client);
  if (client->session)
    session_resume (client->session);
  if (client->is_waited_for)
    run_resume_output (client->shim);
}

static void
on_request (void *context, const char *payload, size_t length)
{
  requests_handle (context, payload, length);
}

static struct sink *
input_sink (struct client *client)
{
  if (client->session)
    return session_input (client->session);
  return client->gives_input ? &client->shim->run.input : NULL;
}

static void
on_input (void *context, const char *data, size_t size)
{
  struct client *client = context;
  struct sink *sink = input_sink (client);

  if (sink)
    client_feed (client, sink, data, size);
}

static void
on_input_close (void *context)
{
  struct sink *sink = input_sink (context);

  if (sink)
    sink_end (sink);
}

static void
refuse (struct client *client, const char *problem)
{
  struct tss_error error = { 0 };

  tss_error_set (&error, TSS_ERROR_INVALID, 0, "", "not the shim's protocol: %s", problem);
  client_send_json (client, FRAME_REPLY, json_pack ("{s:n, s:o}", "seq", "error", tss_error_to_json (&error)));
  client_leave (client);
}

static void
receive (struct client *client)
{
  static const struct frame_handler handler
      = { .request = on_request, .input = on_input, .input_close = on_input_close };
  char *data = scratch_input (&client->shim->scratch);
  const char *problem = "";
  ssize_t count = data ? TSS_RETRY (recv (client->watch.fd, data, SCRATCH_INPUT, 0)) : 0;

  if (count < 0 && errno == EAGAIN)
    return;
  if (count <= 0)
    client_close (client);
  else if (client->lingers)
    return; /* nobody is left to take it */
  else if (frames_feed (&client->reader, data, (size_t)count, &handler, client, &client->is_gone, &problem) < 0)
    refuse (client, problem);
}

static void
on_event (void *context, uint32_t events)
{
  struct client *client = context;

  if (events & EPOLLOUT)
    flush (client);
  if (!client->is_gone && (events & EPOLLIN) && (!client->leaves_after_output || client->lingers))
    receive (client);
  else if (!client->is_gone && (events & (EPOLLHUP | EPOLLERR)))
    client_close (client);
}

int
client_open (struct shim *shim, int fd, struct tss_error *error)
{
  struct client *client = calloc (1, sizeof *client);

  if (!client)
    {
      close (fd);
      return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "remember a client");
    }
  client->shim = shim;
  client->watch = (struct loop_watch){ .fd = fd, .function = on_event, .context = client };
  client->next = shim->server.clients;
  shim->server.clients = client;
  watch_client (client);
  return 0;
}

static void
queue_frame (struct client *client, enum frame_type type, const void *payload, size_t size)
{
  unsigned char header[FRAME_HEADER_SIZE];

  if (client->is_gone || client->leaves_after_output)
    return;
  frames_put_header (header, type, size);
  /* Half a frame is worse than none. */
  if (!buffer_append (&client->output, header, sizeof header) || !buffer_append (&client->output, payload, size)
      || buffer_length (&client->output) > ABANDONED_UNREAD)
    client_close (client);
}

void
client_send (struct client *client, enum frame_type type, const void *payload, size_t size)
{
  queue_frame (client, type, payload, size);
  flush (client);
}

void
client_send_json (struct client *client, enum frame_type type, json_t *message)
{
  char *text = tss_json_format (message);

  json_decref (message);
  /* Who waits for a word that there is no memory for must not wait for ever. */
  if (text)
    client_send (client, type, text, strlen (text));
  else
    client_close (client);
  free (text);
}

void
client_send_output (struct client *client, int stream, const char *data, size_t size)
{
  while (size > 0 && !client->is_gone)
    {
      size_t piece = size < OUTPUT_FRAME_MAX ? size : OUTPUT_FRAME_MAX;
      bool is_full = buffer_length (&client->output) + piece > CLIENT_UNREAD_MAX;

      if (client->missed > 0 || (is_full && !client->session && !client->is_waited_for))
        {
          client->missed += size;
          return;
        }
      client_send (client, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, data, piece);
      data += piece;
      size -= piece;
    }
}

void
client_tell_missed (struct client *client)
{
  bool is_terminal = client->shim->run.is_terminal;
  const char *end = is_terminal ? "\r\n" : "\n";
  char text[128];

  if (client->missed == 0)
    return;
  snprintf (text, sizeof text, "%s[tsstack: %llu bytes are missing here, because they were not read in time]%s", end,
            (unsigned long long)client->missed, end);
  client->missed = 0;
  client_send (client, is_terminal ? FRAME_STDOUT : FRAME_STDERR, text, strlen (text));
}

bool
client_is_full (const struct client *client)
{
  return buffer_length (&client->output) > CLIENT_SESSION_UNREAD_MAX;
}

void
client_reply (struct client *client, json_int_t seq, const char *key, json_t *value)
{
  json_t *message = json_pack ("{s:I}", "seq", seq);

  if (key)
    json_object_set_new (message, key, value);
  client_send_json (client, FRAME_REPLY, message);
}

void
client_reply_error (struct client *client, json_int_t seq, const struct tss_error *error)
{
  client_reply (client, seq, "error", tss_error_to_json (error));
}

void
client_wait (struct client *client, enum wait_kind kind, json_int_t seq)
{
  struct waiter **link = &client->waiters;
  struct waiter *waiter;
  int count = 0;

  for (; *link; link = &(*link)->next)
    count++;
  waiter = count < WAITERS_MAX ? malloc (sizeof *waiter) : NULL;
  if (!waiter)
    {
      client_close (client);
      return;
    }
  *waiter = (struct waiter){ .kind = kind, .seq = seq };
  *link = waiter;
}

void
client_feed (struct client *client, struct sink *sink, const char *data, size_t size)
{
  sink_write (sink, data, size);
  if (!sink_is_full (sink))
    return;
  client->waits_for = sink;
  watch_client (client);
}

void
client_resume (struct client *client, const struct sink *sink)
{
  if (client->waits_for != sink || client->is_gone)
    return;
  client->waits_for = NULL;
  watch_client (client);
}

void
client_leave (struct client *client)
{
  client->leaves_after_output = true;
  flush (client);
}

void
client_linger (struct client *client)
{
  client->lingers = true;
  client_leave (client);
}

void
client_close (struct client *client)
{
  if (client->is_gone)
    return;
  client->is_gone = true;
  client->gets_output = client->gives_input = client->is_subscribed = false;
  loop_close_watch (&client->shim->loop, &client->watch);
  buffer_free (&client->output);
  frames_free (&client->reader);
  while (client->waiters)
    {
      struct waiter *waiter = client->waiters;

      client->waiters = waiter->next;
      free (waiter);
    }
  if (client->session)
    session_lose_client (client->session);
  client->session = NULL;
  if (client->is_waited_for)
    run_resume_output (client->shim);
  server_sweep_later (client->shim);
}
