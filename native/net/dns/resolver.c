#include "resolver.h"
#include "../../common/cleanup.h"
#include "../fields.h"
#include "../memory.h"
#include "connection.h"
#include "forward.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Datagrams taken from one socket before others get their turn. */
#define DATAGRAMS_PER_TURN 32
#define OPEN_ATTEMPTS 16
#define BACKLOG 64

static void
free_networks (struct dns_resolver *resolver)
{
  for (char **network = resolver->networks; network != NULL && *network != NULL; network++)
    free (*network);
  free (resolver->networks);
  resolver->networks = NULL;
}

static int
configure_upstreams (struct dns_resolver *resolver, const json_t *upstreams, struct tss_error *error)
{
  size_t count = json_array_size (upstreams);
  resolver->upstream_count = 0;
  for (size_t i = 0; i < count && i < DNS_UPSTREAMS; i++)
    {
      if (field_address_at (upstreams, i, "upstreams", &resolver->upstreams[i], error) < 0)
        return -1;
      resolver->upstream_count++;
    }
  return 0;
}

static int
configure_links (struct dns_resolver *resolver, const json_t *links, struct tss_error *error)
{
  const char *alias;
  json_t *target;
  map_clear (&resolver->links, free);
  json_object_foreach ((json_t *)links, alias, target)
  {
    if (!json_is_string (target) || json_string_length (target) >= DNS_NAME_SIZE)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "links", "field links: %s: expected a name", alias);
    free (map_set (&resolver->links, alias, memory_copy_string (json_string_value (target))));
  }
  return 0;
}

int
dns_resolver_configure (struct dns_resolver *resolver, const json_t *spec, struct tss_error *error)
{
  const json_t *networks, *upstreams, *links;
  if (field_array (spec, "networks", &networks, error) < 0 || field_array (spec, "upstreams", &upstreams, error) < 0
      || field_object (spec, "links", &links, error) < 0 || configure_upstreams (resolver, upstreams, error) < 0
      || configure_links (resolver, links, error) < 0)
    return -1;
  free_networks (resolver);
  size_t count = json_array_size (networks), used = 0;
  resolver->networks = memory_allocate ((count + 1) * sizeof *resolver->networks);
  for (size_t i = 0; i < count; i++)
    if (json_is_string (json_array_get (networks, i)))
      resolver->networks[used++] = memory_copy_string (json_string_value (json_array_get (networks, i)));
  resolver->internal = field_boolean (spec, "internal");
  return 0;
}

void
dns_client_reply (const struct dns_client *client, const struct dns_query *query, uint8_t *data, size_t size)
{
  if (client->connection != NULL)
    {
      dns_connection_reply (client->connection, data, size);
      return;
    }
  if (size > query->answer_limit)
    size = dns_truncate (data, query);
  /* A full socket loses the answer, as UDP does; the client asks again. */
  sendto (client->resolver->udp.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&client->address,
          sizeof client->address);
}

void
dns_client_fail (const struct dns_client *client, const struct dns_query *query, enum dns_code code)
{
  struct dns_answer answer;
  uint8_t *data = client->resolver->service->message;
  dns_begin_answer (&answer, query, data, DNS_MESSAGE_SIZE);
  dns_client_reply (client, query, data, dns_finish_answer (&answer, code));
}

bool
dns_resolver_handle (const struct dns_client *client, const uint8_t *data, size_t size)
{
  struct dns_resolver *resolver = client->resolver;
  struct dns_service *service = resolver->service;
  struct dns_query query;
  int code = dns_parse_query (data, size, &query);
  if (code < 0)
    return false;
  if (code != DNS_NO_ERROR)
    {
      dns_client_fail (client, &query, (enum dns_code)code);
      return true;
    }
  struct dns_query meant = query;
  const char *target = map_get (&resolver->links, query.name);
  if (target != NULL)
    snprintf (meant.name, sizeof meant.name, "%s", target);
  struct dns_answer answer;
  size_t limit = client->connection != NULL ? DNS_MESSAGE_SIZE : query.answer_limit;
  dns_begin_answer (&answer, &query, service->message, limit);
  if (dns_tables_answer (&service->tables, resolver->networks, &meant, &answer))
    dns_client_reply (client, &query, service->message, dns_finish_answer (&answer, DNS_NO_ERROR));
  else if (resolver->internal)
    dns_client_fail (client, &query, DNS_NAME_ERROR);
  else
    dns_forward (client, &query);
  return true;
}

static void
on_datagrams (void *context, uint32_t events)
{
  struct dns_resolver *resolver = context;
  (void)events;
  for (int i = 0; i < DATAGRAMS_PER_TURN; i++)
    {
      uint8_t data[DNS_QUERY_SIZE];
      struct dns_client client = { .resolver = resolver };
      socklen_t length = sizeof client.address;
      ssize_t size = recvfrom (resolver->udp.fd, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC,
                               (struct sockaddr *)&client.address, &length);
      if (size < 0)
        return;
      if ((size_t)size <= sizeof data)
        dns_resolver_handle (&client, data, (size_t)size);
    }
}

static void
on_connection (void *context, int fd)
{
  struct dns_resolver *resolver = context;
  if (resolver->connection_count < DNS_SANDBOX_CONNECTIONS)
    dns_connection_open (resolver, fd);
  else
    close (fd);
}

/* A socket of TYPE at *PORT; 0 = any free port, which is then stored. */
static int
bind_socket (int type, uint16_t *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (*port) };
  socklen_t length = sizeof address;
  int one = 1;
  inet_pton (AF_INET, DNS_ADDRESS, &address.sin_addr);
  int fd = socket (AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  if (type == SOCK_STREAM) /* connections of a predecessor may still be closing */
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (fd, (struct sockaddr *)&address, sizeof address) < 0 || (type == SOCK_STREAM && listen (fd, BACKLOG) < 0)
      || getsockname (fd, (struct sockaddr *)&address, &length) < 0)
    {
      tss_close (&fd);
      return -1;
    }
  *port = ntohs (address.sin_port);
  return fd;
}

/* Both sockets at one port. *TCP: the one that listens. */
static int
bind_sockets (struct dns_resolver *resolver, uint16_t wanted, int *tcp)
{
  for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++)
    {
      uint16_t port = attempt == 0 ? wanted : 0;
      int udp = bind_socket (SOCK_DGRAM, &port);
      if (udp < 0 && port == 0)
        return -1;
      *tcp = udp < 0 ? -1 : bind_socket (SOCK_STREAM, &port);
      if (*tcp >= 0)
        {
          resolver->udp.fd = udp;
          resolver->port = port;
          return 0;
        }
      tss_close (&udp);
    }
  return -1;
}

int
dns_resolver_open (struct dns_resolver *resolver, struct dns_service *service, uint16_t port, struct tss_error *error)
{
  resolver->service = service;
  resolver->udp = (struct loop_watch){ .fd = -1, .function = on_datagrams, .context = resolver };
  resolver->tcp = (struct listener){
    .loop = service->loop, .watch = { .fd = -1 }, .function = on_connection, .context = resolver
  };
  int tcp;
  if (bind_sockets (resolver, port, &tcp) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "open name server at " DNS_ADDRESS);
  if (listener_open (&resolver->tcp, tcp, error) < 0 || loop_set (service->loop, &resolver->udp, EPOLLIN, error) < 0)
    {
      dns_resolver_close (resolver);
      return -1;
    }
  return 0;
}

void
dns_resolver_close (struct dns_resolver *resolver)
{
  if (resolver->service != NULL)
    {
      while (resolver->connections != NULL)
        dns_connection_close (resolver->connections);
      dns_forward_cancel_all (resolver);
      loop_close_watch (resolver->service->loop, &resolver->udp);
      listener_close (&resolver->tcp);
    }
  free_networks (resolver);
  map_clear (&resolver->links, free);
  *resolver = (struct dns_resolver){ 0 };
}
