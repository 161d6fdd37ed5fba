/* The socket that the agent talks to: lines of JSON, answered in order, one request per round of the event loop. */
#ifndef TSSTACK_NET_SERVER_H
#define TSSTACK_NET_SERVER_H

#include "../common/listener.h"

#include <jansson.h>

/* Executes one request and returns its results (an object, owned by the caller), or NULL with ERROR set. */
typedef json_t *(*server_handler) (void *context, const json_t *request, struct tss_error *error);

struct client;

struct server
{
  struct loop *loop;
  struct listener listener;
  server_handler handler;
  void *context;
  struct client *clients;
  unsigned client_count;
  const char *path;
};

/* Listens at PATH, replacing what a dead predecessor has left there. */
int server_open (struct server *server, struct loop *loop, const char *path, server_handler handler, void *context,
                 struct tss_error *error);

/* Sends what it can without waiting, closes every connection, removes the socket. */
void server_close (struct server *server);

#endif
