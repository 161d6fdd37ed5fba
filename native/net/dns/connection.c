#include "connection.h"
#include "../../common/buffer.h"
#include "../memory.h"
#include "forward.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_MS 10000

struct dns_connection
{
  struct dns_resolver *resolver;
  struct dns_connection *previous, *next;
  struct loop_watch watch;
  struct loop_timer idle;
  struct buffer input, output;
  bool busy;        /* a query is being answered */
  bool dispatching; /* inside take_queries: the answer must not recurse */
};

void
dns_connection_close (struct dns_connection *connection)
{
  struct dns_resolver *resolver = connection->resolver;
  dns_forward_cancel (resolver, connection);
  loop_close_watch (resolver->service->loop, &connection->watch);
  loop_stop_timer (resolver->service->loop, &connection->idle);
  *(connection->previous == NULL ? &resolver->connections : &connection->previous->next) = connection->next;
  if (connection->next != NULL)
    connection->next->previous = connection->previous;
  resolver->connection_count--;
  buffer_free (&connection->input);
  buffer_free (&connection->output);
  free (connection);
}

/* Answers every complete query that has arrived, up to one that has to wait for an upstream server. False: not a DNS
 * client. */
static bool
take_queries (struct dns_connection *connection)
{
  struct buffer *input = &connection->input;
  bool valid = true;
  connection->dispatching = true;
  while (valid && !connection->busy && buffer_length (input) >= 2)
    {
      const uint8_t *bytes = (const uint8_t *)buffer_bytes (input);
      size_t size = (size_t)(bytes[0] << 8 | bytes[1]);
      if (size > DNS_QUERY_SIZE)
        valid = false;
      if (!valid || buffer_length (input) < size + 2)
        break;
      struct dns_client client = { .resolver = connection->resolver, .connection = connection };
      connection->busy = true;
      valid = dns_resolver_handle (&client, bytes + 2, size);
      buffer_consume (input, size + 2);
    }
  connection->dispatching = false;
  return valid;
}

/* False: the client has gone. */
static bool
flush (struct dns_connection *connection)
{
  while (buffer_length (&connection->output) > 0)
    {
      ssize_t sent = send (connection->watch.fd, buffer_bytes (&connection->output),
                           buffer_length (&connection->output), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
      buffer_consume (&connection->output, (size_t)sent);
    }
  return true;
}

/* Does what can be done now, then waits for the right thing. */
static void
proceed (struct dns_connection *connection)
{
  struct loop *loop = connection->resolver->service->loop;
  if (!take_queries (connection) || !flush (connection))
    {
      dns_connection_close (connection);
      return;
    }
  bool sending = buffer_length (&connection->output) > 0;
  loop_set (loop, &connection->watch, sending ? EPOLLOUT : connection->busy ? 0 : EPOLLIN, NULL);
  loop_start_timer (loop, &connection->idle, IDLE_MS);
}

void
dns_connection_reply (struct dns_connection *connection, const uint8_t *data, size_t size)
{
  uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };
  memory_append (&connection->output, length, sizeof length);
  memory_append (&connection->output, data, size);
  connection->busy = false;
  if (!connection->dispatching)
    proceed (connection);
}

static void
on_event (void *context, uint32_t events)
{
  struct dns_connection *connection = context;
  bool open = (events & (EPOLLHUP | EPOLLERR)) == 0;
  if (open && (events & EPOLLIN) != 0)
    {
      char *place = memory_reserve (&connection->input, DNS_QUERY_SIZE + 2);
      ssize_t size = recv (connection->watch.fd, place, DNS_QUERY_SIZE + 2, MSG_DONTWAIT);
      open = size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
      if (size > 0)
        buffer_grow (&connection->input, (size_t)size);
    }
  if (open)
    proceed (connection);
  else
    dns_connection_close (connection);
}

static void
on_idle (void *context)
{
  struct dns_connection *connection = context;
  if (connection->busy)
    loop_start_timer (connection->resolver->service->loop, &connection->idle, IDLE_MS);
  else
    dns_connection_close (connection);
}

void
dns_connection_open (struct dns_resolver *resolver, int fd)
{
  struct dns_connection *connection = memory_allocate (sizeof *connection);
  connection->resolver = resolver;
  connection->watch = (struct loop_watch){ .fd = fd, .function = on_event, .context = connection };
  connection->idle = (struct loop_timer){ .function = on_idle, .context = connection };
  if (loop_set (resolver->service->loop, &connection->watch, EPOLLIN, NULL) < 0)
    {
      close (fd);
      free (connection);
      return;
    }
  connection->next = resolver->connections;
  if (connection->next != NULL)
    connection->next->previous = connection;
  resolver->connections = connection;
  resolver->connection_count++;
  loop_start_timer (resolver->service->loop, &connection->idle, IDLE_MS);
}
