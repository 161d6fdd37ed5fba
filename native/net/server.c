#include "server.h"
#include "../common/buffer.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MOST_CLIENTS 64
#define MOST_INPUT (16u << 20)  /* one request: the names of a network with 100,000 tasks */
#define MOST_OUTPUT (64u << 20) /* a client that asks and never reads is cut off */
#define READ_SIZE 65536

struct client
{
  struct server *server;
  struct client *previous, *next;
  struct loop_watch watch;
  struct loop_task task;
  struct buffer input, output;
  size_t scanned;  /* bytes of input known to hold no end of line */
  json_t *batch;   /* request whose parts are being executed, or NULL */
  json_t *results; /* of the parts so far */
};

static void
close_client (struct client *client)
{
  struct server *server = client->server;
  loop_cancel (server->loop, &client->task);
  loop_close_watch (server->loop, &client->watch);
  *(client->previous == NULL ? &server->clients : &client->previous->next) = client->next;
  if (client->next != NULL)
    client->next->previous = client->previous;
  server->client_count--;
  buffer_free (&client->input);
  buffer_free (&client->output);
  json_decref (client->batch);
  json_decref (client->results);
  free (client);
}

/* After a failed call: whether the connection is of use all the same. A client that has gone is nothing to speak of. */
static bool
is_usable (const char *what)
{
  if (errno == EAGAIN || errno == EINTR)
    return true;
  if (errno != EPIPE && errno != ECONNRESET)
    fprintf (stderr, "tsstack-net: hang up on a client: %s: %s\n", what, strerror (errno));
  return false;
}

/* False: the client has gone. */
static bool
flush (struct client *client)
{
  while (buffer_length (&client->output) > 0)
    {
      ssize_t sent = send (client->watch.fd, buffer_bytes (&client->output), buffer_length (&client->output),
                           MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0)
        return is_usable ("send a reply");
      buffer_consume (&client->output, (size_t)sent);
    }
  return true;
}

static void
answer (struct client *client, json_t *reply)
{
  tss_autofree char *text = memory_format_json (reply);
  memory_append (&client->output, text, strlen (text));
  memory_append (&client->output, "\n", 1);
  json_decref (reply);
}

static json_t *
execute (struct client *client, const json_t *request)
{
  struct tss_error error = { 0 };
  json_t *reply = client->server->handler (client->server->context, request, &error);
  if (reply == NULL)
    reply = json_pack ("{s:o}", "error", tss_error_to_json (&error));
  return reply;
}

static void
answer_with_sequence (struct client *client, const json_t *request, json_t *reply)
{
  json_t *sequence = json_object_get (request, "seq");
  if (sequence != NULL)
    json_object_set (reply, "seq", sequence);
  answer (client, reply);
}

static void
finish_batch (struct client *client)
{
  answer_with_sequence (client, client->batch, json_pack ("{s:O}", "results", client->results));
  json_decref (client->batch);
  json_decref (client->results);
  client->batch = client->results = NULL;
}

static void
step_batch (struct client *client)
{
  const json_t *parts = json_object_get (client->batch, "batch");
  const json_t *part = json_array_get (parts, json_array_size (client->results));
  if (part != NULL)
    json_array_append_new (client->results, execute (client, part));
  if (json_array_size (client->results) >= json_array_size (parts))
    finish_batch (client);
}

static void
take_line (struct client *client, const char *line, size_t length)
{
  json_error_t problem;
  json_t *request = json_loadb (line, length, 0, &problem);
  if (!json_is_object (request))
    {
      struct tss_error error = { 0 };
      tss_error_set (&error, TSS_ERROR_INVALID, 0, NULL, "read request: %s",
                     request == NULL ? problem.text : "no object");
      answer (client, json_pack ("{s:n,s:o}", "seq", "error", tss_error_to_json (&error)));
    }
  else if (json_is_array (json_object_get (request, "batch")))
    {
      client->batch = json_incref (request);
      client->results = json_array ();
    }
  else
    answer_with_sequence (client, request, execute (client, request));
  json_decref (request);
}

/* Is there a whole line? *LENGTH is its length without the end. */
static bool
find_line (struct client *client, size_t *length)
{
  const char *start = buffer_bytes (&client->input);
  size_t available = buffer_length (&client->input);
  const char *end = available == 0 ? NULL : memchr (start + client->scanned, '\n', available - client->scanned);
  client->scanned = end == NULL ? available : (size_t)(end - start);
  *length = client->scanned;
  return end != NULL;
}

/* One request or one part of a batch; then the other descriptors get their turn. */
static void
work (void *context)
{
  struct client *client = context;
  size_t length;
  if (client->batch != NULL)
    step_batch (client);
  else if (find_line (client, &length))
    {
      take_line (client, buffer_bytes (&client->input), length);
      buffer_consume (&client->input, length + 1);
      client->scanned = 0;
    }
  if (!flush (client) || buffer_length (&client->output) > MOST_OUTPUT)
    {
      close_client (client);
      return;
    }
  if (client->batch != NULL || find_line (client, &length))
    loop_post (client->server->loop, &client->task);
  loop_set (client->server->loop, &client->watch,
            EPOLLIN | (buffer_length (&client->output) > 0 ? (uint32_t)EPOLLOUT : 0), NULL);
}

static void
on_client (void *context, uint32_t events)
{
  struct client *client = context;
  bool open = true;
  if ((events & EPOLLIN) != 0)
    {
      ssize_t size = recv (client->watch.fd, memory_reserve (&client->input, READ_SIZE), READ_SIZE, MSG_DONTWAIT);
      if (size > 0)
        buffer_grow (&client->input, (size_t)size);
      open = size > 0 || (size < 0 && is_usable ("read a request"));
    }
  if (!open || (events & (EPOLLHUP | EPOLLERR)) != 0 || buffer_length (&client->input) > MOST_INPUT)
    close_client (client);
  else
    loop_post (client->server->loop, &client->task);
}

static void
on_connection (void *context, int fd)
{
  struct server *server = context;
  struct client *client = memory_allocate (sizeof *client);
  client->server = server;
  client->watch = (struct loop_watch){ .fd = fd, .function = on_client, .context = client };
  client->task = (struct loop_task){ .function = work, .context = client };
  struct tss_error error = { 0 };
  if (server->client_count >= MOST_CLIENTS)
    tss_error_set (&error, TSS_ERROR_STATE, 0, "", "%u clients are here already", server->client_count);
  else
    loop_set (server->loop, &client->watch, EPOLLIN, &error);
  if (error.code != TSS_ERROR_NONE)
    {
      fprintf (stderr, "tsstack-net: hang up on a client: %s\n", error.message);
      close (fd);
      free (client);
      return;
    }
  client->next = server->clients;
  if (client->next != NULL)
    client->next->previous = client;
  server->clients = client;
  server->client_count++;
}

int
server_open (struct server *server, struct loop *loop, const char *path, server_handler handler, void *context,
             struct tss_error *error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  *server = (struct server){ .loop = loop, .handler = handler, .context = context, .path = path };
  if (strlen (path) >= sizeof address.sun_path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, path, "listen at socket: the path is longer than %zu bytes",
                          sizeof address.sun_path - 1);
  strcpy (address.sun_path, path);
  tss_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "open socket");
  unlink (path); /* the lock of the state directory says that nobody uses it */
  mode_t mask = umask (0177);
  int result = bind (fd, (struct sockaddr *)&address, sizeof address);
  umask (mask);
  if (result < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, path, "bind socket");
  server->listener = (struct listener){ .loop = loop, .function = on_connection, .context = server };
  if (listen (fd, MOST_CLIENTS) < 0)
    result = tss_error_set (error, TSS_ERROR_IO, errno, path, "listen at socket");
  else
    result = listener_open (&server->listener, tss_steal_fd (&fd), error);
  if (result < 0)
    unlink (path);
  return result;
}

void
server_close (struct server *server)
{
  while (server->clients != NULL)
    {
      flush (server->clients);
      close_client (server->clients);
    }
  listener_close (&server->listener);
  unlink (server->path);
}
