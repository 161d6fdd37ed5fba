/* One connection to the shim's socket: frames in and out, without ever waiting for the other side. */
#ifndef TSSTACK_SHIM_CLIENT_H
#define TSSTACK_SHIM_CLIENT_H

#include "../common/buffer.h"
#include "../common/loop.h"
#include "frames.h"

struct shim;
struct session;
struct sink;

/* What a reply that cannot be given yet waits for. */
enum wait_kind
{
  WAIT_END,     /* stop, kill: the container has ended */
  WAIT_RUNNING, /* start, restart: it runs (again), or could not */
};

struct waiter
{
  enum wait_kind kind;
  json_int_t seq;
  struct waiter *next;
};

struct client
{
  struct shim *shim;
  struct client *next;
  struct loop_watch watch;
  struct frame_reader reader;
  struct buffer output;
  struct waiter *waiters;
  bool is_subscribed, gets_output, gives_input;
  bool is_waited_for; /* output waits for this one: who has started the container, or a process in it, to see it */
  uint64_t missed;    /* bytes of output that it has lost and was not told of; until then it loses all that comes */
  bool was_attached;  /* and may still write: closed in its face, it would never read what we sent last */
  bool leaves_after_output; /* no more frames to come: closed when the rest is sent */
  bool lingers;             /* then only our direction is closed, until the client closes its own */
  bool is_gone;             /* closed; freed at the end of the round */
  struct session *session;
  struct sink *waits_for; /* its input waits until this one has drained */
};

enum
{
  /* Output that a client may leave unread: an attached one loses what comes then, the process of an exec waits, and the
   * container for who is waited for. */
  CLIENT_UNREAD_MAX = 1024 * 1024,
  CLIENT_SESSION_UNREAD_MAX = 256 * 1024,
};

/* Takes the connected descriptor FD and joins SHIM's clients. */
int client_open (struct shim *shim, int fd, struct tss_error *error);

/* Sends a frame; the client is closed when it has left far too much unread. */
void client_send (struct client *client, enum frame_type type, const void *payload, size_t size);

/* Sends a frame of JSON, and takes over MESSAGE. */
void client_send_json (struct client *client, enum frame_type type, json_t *message);

/* Sends output in frames of moderate size. Unless the client is waited for, what it has no room for is dropped, and
 * what comes then, until the rest is on its way and it is told how much it missed. */
void client_send_output (struct client *client, int stream, const char *data, size_t size);

/* Says, where the output has its gap, how much is missing; nothing when nothing is. */
void client_tell_missed (struct client *client);

/* Has more to read than a process may write meanwhile that waits for it. */
bool client_is_full (const struct client *client);

void client_reply (struct client *client, json_int_t seq, const char *key, json_t *value);
void client_reply_error (struct client *client, json_int_t seq, const struct tss_error *error);

/* Answers later, when what KIND says has happened. Closes a client that waits for far too many answers. */
void client_wait (struct client *client, enum wait_kind kind, json_int_t seq);

/* Bytes for SINK from this client: the client is not read while the sink is full. */
void client_feed (struct client *client, struct sink *sink, const char *data, size_t size);
void client_resume (struct client *client, const struct sink *sink);

/* Closes once all output is sent. */
void client_leave (struct client *client);

/* As client_leave, but what the client still sends (its end of input, say) is read and dropped until it closes. Closing
 * at once would fail that write, and a client whose write fails may never read the last frames. */
void client_linger (struct client *client);

/* Closes at once. */
void client_close (struct client *client);

#endif
