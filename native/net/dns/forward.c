#include "forward.h"
#include "../../common/buffer.h"
#include "../../common/cleanup.h"
#include "../memory.h"
#include "../random.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define UPSTREAM_TIMEOUT_MS 4000 /* docs/native.md, section 6 */
#define DNS_PORT 53

struct dns_forward
{
  struct dns_client client;
  struct dns_forward *previous, *next;
  struct loop_watch watch;
  struct loop_timer timer;
  struct dns_query query; /* its data is our copy, numbered as the client did */
  uint8_t *message;       /* length, and the query as it is sent; the length is left out over UDP */
  size_t message_size;
  uint16_t id; /* in the question to the upstream server */
  unsigned upstream;
  bool tcp;
  size_t sent;         /* of message, over TCP */
  struct buffer input; /* over TCP */
};

static void ask (struct dns_forward *forward);

static struct loop *
loop_of (const struct dns_forward *forward)
{
  return forward->client.resolver->service->loop;
}

static void
hang_up (struct dns_forward *forward)
{
  loop_close_watch (loop_of (forward), &forward->watch);
  loop_stop_timer (loop_of (forward), &forward->timer);
  buffer_free (&forward->input);
  forward->sent = 0;
}

static void
release (struct dns_forward *forward)
{
  struct dns_resolver *resolver = forward->client.resolver;
  hang_up (forward);
  *(forward->previous == NULL ? &resolver->forwards : &forward->previous->next) = forward->next;
  if (forward->next != NULL)
    forward->next->previous = forward->previous;
  resolver->forward_count--;
  resolver->service->forward_count--;
  free ((uint8_t *)forward->query.data);
  free (forward->message);
  free (forward);
}

/* Answers the client and ends. The reply comes last, because it may close the client's connection, which cancels what
 * is left of it. */
static void
finish (struct dns_forward *forward, uint8_t *answer, size_t size)
{
  struct dns_client client = forward->client;
  struct dns_query query = forward->query;
  uint8_t question[DNS_QUERY_SIZE];
  memcpy (question, query.data, query.question_end);
  query.data = question;
  release (forward);
  if (answer == NULL)
    {
      dns_client_fail (&client, &query, DNS_SERVER_FAILURE);
      return;
    }
  dns_set_id (answer, dns_get_id (question));
  dns_client_reply (&client, &query, answer, size);
}

static void
ask_next (struct dns_forward *forward)
{
  hang_up (forward);
  forward->upstream++;
  forward->tcp = false;
  ask (forward);
}

static void
on_answer (struct dns_forward *forward, uint8_t *data, size_t size)
{
  enum dns_code code = dns_get_code (data);
  bool is_last = forward->upstream + 1 >= forward->client.resolver->upstream_count;
  if ((code == DNS_SERVER_FAILURE || code == DNS_REFUSED) && !is_last)
    {
      ask_next (forward);
      return;
    }
  if (dns_is_truncated (data) && forward->client.connection != NULL && !forward->tcp)
    {
      hang_up (forward);
      forward->tcp = true;
      ask (forward);
      return;
    }
  finish (forward, data, size);
}

static void
on_datagram (struct dns_forward *forward)
{
  uint8_t *data = forward->client.resolver->service->message;
  for (;;)
    {
      ssize_t size = recv (forward->watch.fd, data, DNS_MESSAGE_SIZE, MSG_DONTWAIT);
      if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (size < 0) /* port unreachable and the like */
        {
          ask_next (forward);
          return;
        }
      if (dns_is_answer_to (data, (size_t)size, &forward->query, forward->id))
        {
          on_answer (forward, data, (size_t)size);
          return;
        }
    }
}

/* False: the server hung up or talks nonsense. */
static bool
read_stream (struct dns_forward *forward, bool *complete)
{
  char *place = memory_reserve (&forward->input, 4096);
  ssize_t size = recv (forward->watch.fd, place, 4096, MSG_DONTWAIT);
  if (size <= 0)
    return size < 0 && (errno == EAGAIN || errno == EINTR);
  buffer_grow (&forward->input, (size_t)size);
  const uint8_t *bytes = (const uint8_t *)buffer_bytes (&forward->input);
  size_t have = buffer_length (&forward->input);
  size_t length = have < 2 ? 0 : (size_t)(bytes[0] << 8 | bytes[1]);
  *complete = have >= 2 && have >= length + 2;
  return !*complete || dns_is_answer_to (bytes + 2, length, &forward->query, forward->id);
}

static void
on_stream (struct dns_forward *forward, uint32_t events)
{
  bool complete = false, usable = true;
  if (forward->sent < forward->message_size)
    {
      ssize_t sent = send (forward->watch.fd, forward->message + forward->sent, forward->message_size - forward->sent,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
      usable = sent >= 0 || errno == EAGAIN || errno == EINTR;
      if (sent > 0)
        forward->sent += (size_t)sent;
      if (usable && forward->sent == forward->message_size)
        loop_set (loop_of (forward), &forward->watch, EPOLLIN, NULL);
    }
  else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    usable = read_stream (forward, &complete);
  if (!usable)
    {
      ask_next (forward);
      return;
    }
  if (!complete)
    return;
  uint8_t *data = forward->client.resolver->service->message;
  const uint8_t *bytes = (const uint8_t *)buffer_bytes (&forward->input);
  size_t size = (size_t)(bytes[0] << 8 | bytes[1]);
  memcpy (data, bytes + 2, size);
  on_answer (forward, data, size);
}

static void
on_event (void *context, uint32_t events)
{
  struct dns_forward *forward = context;
  if (forward->tcp)
    on_stream (forward, events);
  else
    on_datagram (forward);
}

static void
on_timeout (void *context)
{
  ask_next (context);
}

/* A socket of its own per question: the kernel chooses a random source port and lets in nobody but the server asked. */
static bool
dial (struct dns_forward *forward)
{
  struct sockaddr_storage address;
  const struct address *upstream = &forward->client.resolver->upstreams[forward->upstream];
  socklen_t length = address_to_socket (upstream, DNS_PORT, &address);
  int type = (forward->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  tss_autofd int fd = socket (upstream->family, type, 0);
  if (fd < 0 || (connect (fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS))
    return false;
  if (!forward->tcp && send (fd, forward->message + 2, forward->message_size - 2, MSG_DONTWAIT) < 0)
    return false;
  forward->watch.fd = fd;
  if (loop_set (loop_of (forward), &forward->watch, forward->tcp ? EPOLLOUT : EPOLLIN, NULL) < 0)
    {
      forward->watch.fd = -1;
      return false;
    }
  fd = -1;
  loop_start_timer (loop_of (forward), &forward->timer, UPSTREAM_TIMEOUT_MS);
  return true;
}

static void
ask (struct dns_forward *forward)
{
  for (; forward->upstream < forward->client.resolver->upstream_count; forward->upstream++, forward->tcp = false)
    {
      forward->id = (uint16_t)random_number ();
      dns_set_id (forward->message + 2, forward->id);
      if (dial (forward))
        return;
    }
  finish (forward, NULL, 0);
}

void
dns_forward (const struct dns_client *client, const struct dns_query *query)
{
  struct dns_resolver *resolver = client->resolver;
  if (resolver->service->forward_count >= DNS_FORWARDS || resolver->forward_count >= DNS_SANDBOX_FORWARDS)
    {
      dns_client_fail (client, query, DNS_SERVER_FAILURE);
      return;
    }
  struct dns_forward *forward = memory_allocate (sizeof *forward);
  uint8_t *copy = memory_allocate (query->size);
  memcpy (copy, query->data, query->size);
  forward->client = *client;
  forward->query = *query;
  forward->query.data = copy;
  forward->message_size = query->size + 2;
  forward->message = memory_allocate (forward->message_size);
  forward->message[0] = (uint8_t)(query->size >> 8);
  forward->message[1] = (uint8_t)query->size;
  memcpy (forward->message + 2, copy, query->size);
  forward->watch = (struct loop_watch){ .fd = -1, .function = on_event, .context = forward };
  forward->timer = (struct loop_timer){ .function = on_timeout, .context = forward };
  forward->next = resolver->forwards;
  if (forward->next != NULL)
    forward->next->previous = forward;
  resolver->forwards = forward;
  resolver->forward_count++;
  resolver->service->forward_count++;
  ask (forward);
}

void
dns_forward_cancel (struct dns_resolver *resolver, const struct dns_connection *connection)
{
  for (struct dns_forward *forward = resolver->forwards, *next; forward != NULL; forward = next)
    {
      next = forward->next;
      if (forward->client.connection == connection)
        release (forward);
    }
}

void
dns_forward_cancel_all (struct dns_resolver *resolver)
{
  while (resolver->forwards != NULL)
    release (resolver->forwards);
}
