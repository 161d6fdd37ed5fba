/* The name server of one sandbox at 127.0.0.11: its sockets are in the sandbox's network namespace, its work is done in
 * the one event loop of the process, its questions to upstream servers leave from the host's namespace. */
#ifndef TSSTACK_NET_DNS_RESOLVER_H
#define TSSTACK_NET_DNS_RESOLVER_H

#include "../../common/listener.h"
#include "table.h"

#include <netinet/in.h>

#define DNS_ADDRESS "127.0.0.11"
#define DNS_UPSTREAMS 3          /* as the resolver of libc: more are not asked */
#define DNS_QUERY_SIZE 4096      /* largest query taken */
#define DNS_FORWARDS 1024        /* questions to upstream servers at one time, all sandboxes */
#define DNS_SANDBOX_FORWARDS 256 /* of one sandbox, so that none can use up all of them */
#define DNS_SANDBOX_CONNECTIONS 32

/* Common to all resolvers. */
struct dns_service
{
  struct loop *loop;
  struct dns_tables tables;
  unsigned forward_count;
  uint8_t message[DNS_MESSAGE_SIZE]; /* answers are built here, one at a time */
};

struct dns_connection;
struct dns_forward;

struct dns_resolver
{
  struct dns_service *service;
  char **networks;  /* NULL-terminated */
  struct map links; /* char: a name of this sandbox alone -> the name that it stands for */
  struct address upstreams[DNS_UPSTREAMS];
  unsigned upstream_count;
  bool internal; /* unknown names do not exist, nothing is forwarded */
  uint16_t port; /* of both sockets */
  struct loop_watch udp;
  struct listener tcp;
  struct dns_connection *connections;
  unsigned connection_count;
  struct dns_forward *forwards;
  unsigned forward_count;
};

/* Where an answer goes. */
struct dns_client
{
  struct dns_resolver *resolver;
  struct dns_connection *connection; /* NULL: UDP */
  struct sockaddr_in address;
};

/* The fields networks, links, upstreams and internal of SPEC. */
int dns_resolver_configure (struct dns_resolver *resolver, const json_t *spec, struct tss_error *error);

/* Opens the sockets in the namespace of the calling thread, at PORT if that is free, else at any port. */
int dns_resolver_open (struct dns_resolver *resolver, struct dns_service *service, uint16_t port,
                       struct tss_error *error);

/* Closes the sockets and forgets all questions. */
void dns_resolver_close (struct dns_resolver *resolver);

/* Answers a query, or lets an upstream server answer it. False: it was no query. */
bool dns_resolver_handle (const struct dns_client *client, const uint8_t *data, size_t size);

/* DATA is changed if it has to be cut to fit into UDP. */
void dns_client_reply (const struct dns_client *client, const struct dns_query *query, uint8_t *data, size_t size);
void dns_client_fail (const struct dns_client *client, const struct dns_query *query, enum dns_code code);

#endif
