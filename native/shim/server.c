/* The shim's socket: frames, requests, and the sessions (attach, exec) that a connection can turn into. docs/native.md,
 * section 4. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define HEADER_SIZE 8
#define MAX_PAYLOAD (1 << 20)
/* What a client may leave unread before its output is dropped (attach) or its process has to wait (exec). */
#define MAX_UNREAD (1 << 20)

enum frame_type
{
  FRAME_REQUEST = 1,
  FRAME_REPLY,
  FRAME_EVENT,
  FRAME_STDIN,
  FRAME_STDOUT,
  FRAME_STDERR,
  FRAME_STDIN_CLOSE,
  FRAME_EXIT,
};

/* A process that `exec` started; it lives as long as its client unless detached. */
struct session
{
  struct client *client; /* NULL once detached or disconnected */
  pid_t pid;
  bool terminal, ended, timed_out;
  int status;
  struct watch outputs[2], input;
  struct timer deadline;
  char *pending;
  size_t pending_size;
  bool input_ends;
  struct session *next;
};

struct client
{
  struct watch watch;
  struct shim *shim;
  bool subscribed, attached_output, attached_input, closing;
  char *in, *out;
  size_t in_size, out_size, out_capacity;
  json_int_t stop_seq, restart_seq; /* requests answered when the container has ended or runs again; 0 = none */
  struct session *session;
  struct client *next;
};

static struct session *sessions;

static void on_client (struct watch *watch, uint32_t events);
static void session_watch_outputs (struct session *session);
static void session_finish (struct session *session);

/* --- clients --- */

static void
client_close (struct client *client)
{
  struct client **link = &client->shim->clients;
  while (*link != NULL && *link != client)
    link = &(*link)->next;
  if (*link != NULL)
    *link = client->next;
  if (client->session != NULL)
    {
      client->session->client = NULL;
      if (!client->session->ended)
        kill (client->session->pid, SIGKILL);
      session_watch_outputs (client->session);
    }
  watch_close (&client->watch);
  free (client->in);
  free (client->out);
  free (client);
}

static void
client_write_pending (struct client *client)
{
  while (client->out_size > 0)
    {
      ssize_t count = TSS_RETRY (send (client->watch.fd, client->out, client->out_size, MSG_NOSIGNAL | MSG_DONTWAIT));
      if (count < 0)
        {
          if (errno != EAGAIN)
            client->closing = true, client->out_size = 0;
          break;
        }
      client->out_size -= (size_t)count;
      memmove (client->out, client->out + count, client->out_size);
    }
  if (client->out_size == 0)
    {
      free (client->out);
      client->out = NULL;
      client->out_capacity = 0;
    }
  watch_change (&client->watch, client->out_size > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
  if (client->session != NULL)
    session_watch_outputs (client->session);
}

static void
client_queue (struct client *client, const void *data, size_t size)
{
  if (client->out_size + size > client->out_capacity)
    {
      size_t capacity = (client->out_size + size) * 2;
      char *grown = realloc (client->out, capacity);
      if (grown == NULL)
        {
          client->closing = true;
          return;
        }
      client->out = grown;
      client->out_capacity = capacity;
    }
  memcpy (client->out + client->out_size, data, size);
  client->out_size += size;
}

static void
client_send (struct client *client, enum frame_type type, const void *data, size_t size)
{
  unsigned char header[HEADER_SIZE] = { (unsigned char)size, (unsigned char)(size >> 8), (unsigned char)(size >> 16),
                                        (unsigned char)(size >> 24), (unsigned char)type };
  bool is_output = type == FRAME_STDOUT || type == FRAME_STDERR;
  if (is_output && client->session == NULL && client->out_size > MAX_UNREAD)
    return; /* a slow reader of an attach loses output, the container loses nothing */
  if (!is_output && client->out_size > 4 * MAX_UNREAD)
    {
      client->closing = true;
      return;
    }
  client_queue (client, header, sizeof header);
  client_queue (client, data, size);
  client_write_pending (client);
}

static void
client_send_json (struct client *client, enum frame_type type, json_t *message)
{
  char *text = json_dumps (message, JSON_COMPACT);
  json_decref (message);
  if (text != NULL)
    client_send (client, type, text, strlen (text));
  free (text);
}

static void
reply_ok (struct client *client, json_int_t seq, const char *key, json_t *value)
{
  json_t *message = json_pack ("{s:I}", "seq", seq);
  if (key != NULL)
    json_object_set_new (message, key, value);
  client_send_json (client, FRAME_REPLY, message);
}

static void
reply_error (struct client *client, json_int_t seq, const struct tss_error *error)
{
  client_send_json (client, FRAME_REPLY, json_pack ("{s:I, s:o}", "seq", seq, "error", tss_error_to_json (error)));
}

static json_t *
exit_document (int status, bool timed_out)
{
  int signal_number = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  int code = timed_out ? -1 : signal_number > 0 ? 128 + signal_number : WEXITSTATUS (status);
  return json_pack ("{s:i, s:o, s:n}", "exitCode", code, "signal",
                    signal_number > 0 ? json_integer (signal_number) : json_null (), "error");
}

/* --- exec sessions --- */

static void
session_free (struct session *session)
{
  struct session **link = &sessions;
  while (*link != NULL && *link != session)
    link = &(*link)->next;
  if (*link != NULL)
    *link = session->next;
  for (int i = 0; i < 2; i++)
    watch_close (&session->outputs[i]);
  watch_close (&session->input);
  watch_close (&session->deadline.watch);
  if (session->client != NULL)
    session->client->session = NULL;
  free (session->pending);
  free (session);
}

/* Reads only what the client can take: its own slowness makes its own process wait. */
static void
session_watch_outputs (struct session *session)
{
  bool wanted = session->client == NULL || session->client->out_size < MAX_UNREAD;
  uint32_t writing = session->terminal && session->pending_size > 0 ? EPOLLOUT : 0;
  for (int i = 0; i < 2; i++)
    watch_change (&session->outputs[i], (wanted ? EPOLLIN : 0) | (i == 0 ? writing : 0));
}

static bool
session_read (struct session *session, int stream)
{
  static char chunk[65536];
  ssize_t count = TSS_RETRY (read (session->outputs[stream].fd, chunk, sizeof chunk));
  if (count < 0 && errno == EAGAIN)
    return false;
  if (count <= 0)
    {
      watch_close (&session->outputs[stream]);
      return false;
    }
  if (session->client != NULL)
    client_send (session->client, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, chunk, (size_t)count);
  return true;
}

static void session_input (struct session *session, const char *data, size_t size, bool ends);

static void
on_session_output (struct watch *watch, uint32_t events)
{
  struct session *session = watch->owner;
  int stream = watch == &session->outputs[1];
  if ((events & EPOLLOUT) != 0)
    session_input (session, NULL, 0, false);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    session_read (session, stream);
}

static void
session_input (struct session *session, const char *data, size_t size, bool ends)
{
  struct watch *watch = session->terminal ? &session->outputs[0] : &session->input;
  if (size > 0)
    {
      char *grown = realloc (session->pending, session->pending_size + size);
      if (grown == NULL)
        return;
      memcpy (grown + session->pending_size, data, size);
      session->pending = grown;
      session->pending_size += size;
    }
  session->input_ends = session->input_ends || ends;
  while (session->pending_size > 0 && watch->fd >= 0)
    {
      ssize_t count = TSS_RETRY (write (watch->fd, session->pending, session->pending_size));
      if (count < 0 && errno != EAGAIN)
        session->pending_size = 0;
      if (count <= 0)
        break;
      session->pending_size -= (size_t)count;
      memmove (session->pending, session->pending + count, session->pending_size);
    }
  if (session->terminal)
    session_watch_outputs (session);
  else
    watch_change (&session->input, session->pending_size > 0 ? EPOLLOUT : 0);
  /* Bytes beyond this are left in the socket, so that a process that does not read makes its client wait. */
  if (session->client != NULL)
    watch_change (&session->client->watch,
                  (session->pending_size > MAX_UNREAD ? 0 : EPOLLIN) | (session->client->out_size > 0 ? EPOLLOUT : 0));
  if (session->pending_size == 0 && session->input_ends)
    {
      session->input_ends = false;
      if (session->terminal)
        (void)!write (watch->fd, "\4", 1);
      else
        watch_close (&session->input);
    }
}

static void
on_session_input (struct watch *watch, uint32_t events)
{
  struct session *session = watch->owner;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0)
    watch_close (watch);
  else
    session_input (session, NULL, 0, false);
}

static void
session_finish (struct session *session)
{
  for (int stream = 0; stream < 2; stream++)
    while (session->outputs[stream].fd >= 0 && session_read (session, stream))
      ;
  if (session->client != NULL)
    {
      struct client *client = session->client;
      client_send_json (client, FRAME_EXIT, exit_document (session->status, session->timed_out));
      client->closing = true;
    }
  session_free (session);
}

static void
on_session_deadline (struct watch *watch, uint32_t events)
{
  struct session *session = watch->owner;
  uint64_t count;
  (void)events;
  (void)!read (watch->fd, &count, sizeof count);
  session->timed_out = true;
  kill (session->pid, SIGKILL);
}

bool
server_child_ended (struct shim *shim, pid_t pid, int status)
{
  (void)shim;
  for (struct session *session = sessions; session != NULL; session = session->next)
    if (session->pid == pid && !session->ended)
      {
        session->ended = true;
        session->status = status;
        session_finish (session);
        return true;
      }
  return false;
}

static int
open_session_pipes (struct session *session, bool wants_stdin, bool discard, int child[3], struct tss_error *error)
{
  int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
  if ((wants_stdin && pipe2 (in, O_CLOEXEC) < 0)
      || (!discard && (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0)))
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "make the pipes of the process");
  child[0] = wants_stdin ? in[0] : open ("/dev/null", O_RDONLY | O_CLOEXEC);
  child[1] = discard ? open ("/dev/null", O_WRONLY | O_CLOEXEC) : out[1];
  child[2] = discard ? open ("/dev/null", O_WRONLY | O_CLOEXEC) : err[1];
  session->input.fd = in[1];
  session->outputs[0].fd = out[0];
  session->outputs[1].fd = err[0];
  return 0;
}

static void
session_begin (struct session *session)
{
  struct watch *watches[] = { &session->outputs[0], &session->outputs[1], &session->input };
  for (size_t i = 0; i < TSS_LENGTH (watches); i++)
    if (watches[i]->fd >= 0)
      {
        fcntl (watches[i]->fd, F_SETFL, fcntl (watches[i]->fd, F_GETFL) | O_NONBLOCK);
        watch_add (watches[i], i == 2 ? 0 : EPOLLIN);
      }
}

static int
start_exec (struct client *client, const json_t *request, struct tss_error *error)
{
  struct shim *shim = client->shim;
  const json_t *process = json_object_get (request, "process");
  bool detach = json_is_true (json_object_get (request, "detach"));
  int child[3] = { -1, -1, -1 }, terminal = -1, result = 0;
  if (!json_is_object (process))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "process", "exec needs a process");
  if (shim->state.phase != PHASE_RUNNING)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container is not running");
  struct session *session = calloc (1, sizeof *session);
  if (session == NULL)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "remember the process");
  session->terminal = json_is_true (json_object_get (process, "terminal"));
  session->outputs[0] = session->outputs[1] = (struct watch){ .fd = -1, .ready = on_session_output, .owner = session };
  session->input = (struct watch){ .fd = -1, .ready = on_session_input, .owner = session };
  session->deadline.watch.fd = -1;
  if (!session->terminal)
    result = open_session_pipes (session, json_is_true (json_object_get (request, "stdin")), detach, child, error);
  struct box_exec_options options = { .process = process,
                                      .stdio = { child[0], child[1], child[2] },
                                      .privileged = json_is_true (json_object_get (request, "privileged")) };
  if (result == 0)
    result = box_exec (shim->box, &options, &session->pid, &terminal, error);
  for (int i = 0; i < 3; i++)
    tss_close (&child[i]);
  session->next = sessions;
  sessions = session;
  if (result < 0)
    {
      session_free (session);
      return -1;
    }
  if (session->terminal)
    session->outputs[0].fd = terminal;
  session_begin (session);
  if (json_is_integer (json_object_get (request, "timeoutMs"))
      && timer_open (&session->deadline, on_session_deadline, session) == 0)
    timer_set (&session->deadline, (uint64_t)json_integer_value (json_object_get (request, "timeoutMs")));
  if (!detach)
    {
      session->client = client;
      client->session = session;
    }
  reply_ok (client, json_integer_value (json_object_get (request, "seq")), "pid", json_integer (session->pid));
  return 0;
}

/* --- requests --- */

static int
set_size (int fd, const json_t *request, struct tss_error *error)
{
  struct winsize size = { .ws_row = (unsigned short)json_integer_value (json_object_get (request, "rows")),
                          .ws_col = (unsigned short)json_integer_value (json_object_get (request, "columns")) };
  if (fd < 0 || ioctl (fd, TIOCSWINSZ, &size) < 0)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "there is no terminal to resize");
  return 0;
}

static json_t *
stats_document (struct shim *shim, struct tss_error *error)
{
  struct box_stats stats = { 0 };
  if (shim->box == NULL || box_read_stats (shim->box, &stats, error) < 0)
    return NULL;
  return json_pack ("{s:I, s:I, s:I, s:I, s:I, s:I}", "cpuUsageNs", (json_int_t)stats.cpu_usage_ns, "memoryBytes",
                    (json_int_t)stats.memory_bytes, "memoryLimitBytes", (json_int_t)stats.memory_limit_bytes, "pids",
                    (json_int_t)stats.pids, "blkReadBytes", (json_int_t)stats.block_read_bytes, "blkWriteBytes",
                    (json_int_t)stats.block_write_bytes);
}

static json_t *
pids_document (struct shim *shim, struct tss_error *error)
{
  tss_autofree pid_t *pids = NULL;
  ssize_t count = shim->box == NULL ? 0 : box_pids (shim->box, &pids, error);
  if (count < 0)
    return NULL;
  json_t *list = json_array ();
  for (ssize_t i = 0; i < count; i++)
    json_array_append_new (list, json_integer (pids[i]));
  return list;
}

static int
update (struct shim *shim, const json_t *request, struct tss_error *error)
{
  const json_t *restart = json_object_get (request, "restart"), *stop = json_object_get (request, "stop");
  const json_t *resources = json_object_get (request, "resources");
  if (restart != NULL && config_parse_restart (restart, &shim->config.restart, error) < 0)
    return -1;
  if (stop != NULL)
    {
      int number = signal_from_json (json_object_get (stop, "signal"), shim->config.stop_signal);
      if (number < 0)
        return tss_error_set (error, TSS_ERROR_INVALID, 0, "stop.signal", "there is no such signal");
      shim->config.stop_signal = number;
      if (json_is_integer (json_object_get (stop, "graceMs")))
        shim->config.stop_grace_ms = json_integer_value (json_object_get (stop, "graceMs"));
    }
  return resources != NULL && shim->box != NULL ? box_update (shim->box, resources, error) : 0;
}

static int
send_signal (struct shim *shim, const json_t *request, struct tss_error *error)
{
  int number = signal_from_json (json_object_get (request, "signal"), -1);
  if (number < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "signal", "there is no such signal");
  if (shim->state.pid <= 0 || shim->state.phase == PHASE_CREATED)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container is not running");
  if (kill (shim->state.pid, number) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "", "send the signal");
  return 0;
}

/* stop, kill and restart: answered when it has come true. */
static int
request_end (struct client *client, const json_t *request, json_int_t seq, const char *op, struct tss_error *error)
{
  struct shim *shim = client->shim;
  bool restart = strcmp (op, "restart") == 0, now = strcmp (op, "kill") == 0;
  const json_t *grace = json_object_get (request, "graceMs");
  int number = signal_from_json (json_object_get (request, "signal"), shim->config.stop_signal);
  if (number < 0)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "signal", "there is no such signal");
  *(restart ? &client->restart_seq : &client->stop_seq) = seq;
  supervise_stop (shim, number,
                  now                       ? 0
                  : json_is_integer (grace) ? json_integer_value (grace)
                                            : shim->config.stop_grace_ms,
                  restart ? INTENT_RESTART : INTENT_STOP);
  return 0;
}

/* Returns -1 with the error to be replied; replies itself when it succeeds. */
static int
handle_request (struct client *client, const json_t *request, json_int_t seq, struct tss_error *error)
{
  struct shim *shim = client->shim;
  const char *op = json_string_value (json_object_get (request, "op"));
  json_t *value = NULL;
  int result = 0;
  if (op == NULL)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "op", "a request needs an op");
  if (strcmp (op, "exec") == 0)
    return start_exec (client, request, error);
  if (strcmp (op, "stop") == 0 || strcmp (op, "kill") == 0 || strcmp (op, "restart") == 0)
    return request_end (client, request, seq, op, error);
  if (strcmp (op, "stats") == 0 || strcmp (op, "pids") == 0)
    {
      value = op[0] == 's' ? stats_document (shim, error) : pids_document (shim, error);
      if (value != NULL)
        reply_ok (client, seq, op, value);
      else if (error->code == TSS_ERROR_NONE)
        tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container is not running");
      return value == NULL ? -1 : 0;
    }
  if (strcmp (op, "subscribe") == 0)
    client->subscribed = true;
  else if (strcmp (op, "attach") == 0)
    {
      client->attached_input = json_is_true (json_object_get (request, "stdin"));
      client->attached_output = json_is_true (json_object_get (request, "output"));
    }
  else if (strcmp (op, "start") == 0)
    {
      result = supervise_start (shim, error);
      if (result < 0 && error->code != TSS_ERROR_STATE)
        {
          /* What could not start has ended; who asked is told why. */
          shim->state.error = *error;
          supervise_stop (shim, SIGKILL, 0, INTENT_STOP);
        }
    }
  else if (strcmp (op, "signal") == 0)
    result = send_signal (shim, request, error);
  else if (strcmp (op, "pause") == 0 || strcmp (op, "resume") == 0)
    result = supervise_pause (shim, op[0] == 'p', error);
  else if (strcmp (op, "resize") == 0)
    result = set_size (client->session != NULL ? client->session->outputs[0].fd
                       : shim->terminal        ? shim->outputs[0].fd
                                               : -1,
                       request, error);
  else if (strcmp (op, "update") == 0)
    result = update (shim, request, error);
  else if (strcmp (op, "state") != 0)
    result = tss_error_set (error, TSS_ERROR_INVALID, 0, "op", "there is no op %s", op);
  if (result == 0)
    reply_ok (client, seq, "state", state_to_json (shim));
  return result;
}

static void
handle_frame (struct client *client, unsigned type, const char *payload, size_t size)
{
  if (type == FRAME_STDIN || type == FRAME_STDIN_CLOSE)
    {
      if (client->session != NULL)
        session_input (client->session, payload, size, type == FRAME_STDIN_CLOSE);
      else if (client->attached_input)
        supervise_input (client->shim, payload, size, type == FRAME_STDIN_CLOSE);
      return;
    }
  tss_autojson json_t *request = type == FRAME_REQUEST ? json_loadb (payload, size, 0, NULL) : NULL;
  if (!json_is_object (request))
    {
      client->closing = true;
      return;
    }
  struct tss_error error = { 0 };
  json_int_t seq = json_integer_value (json_object_get (request, "seq"));
  if (handle_request (client, request, seq, &error) < 0)
    reply_error (client, seq, &error);
}

static void
handle_input (struct client *client)
{
  size_t used = 0;
  while (client->in_size - used >= HEADER_SIZE && !client->closing)
    {
      const unsigned char *header = (const unsigned char *)client->in + used;
      size_t size = header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16 | (size_t)header[3] << 24;
      if (size > MAX_PAYLOAD)
        {
          client->closing = true;
          return;
        }
      if (client->in_size - used < HEADER_SIZE + size)
        break;
      handle_frame (client, header[4], client->in + used + HEADER_SIZE, size);
      used += HEADER_SIZE + size;
    }
  client->in_size -= used;
  memmove (client->in, client->in + used, client->in_size);
  if (client->in_size == 0)
    {
      free (client->in);
      client->in = NULL;
    }
}

static void
on_client (struct watch *watch, uint32_t events)
{
  static char chunk[65536];
  struct client *client = watch->owner;
  if ((events & EPOLLOUT) != 0)
    client_write_pending (client);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    {
      ssize_t count = TSS_RETRY (recv (watch->fd, chunk, sizeof chunk, MSG_DONTWAIT));
      if (count == 0 || (count < 0 && errno != EAGAIN))
        {
          client_close (client);
          return;
        }
      char *grown = count > 0 ? realloc (client->in, client->in_size + (size_t)count) : NULL;
      if (grown != NULL)
        {
          memcpy (grown + client->in_size, chunk, (size_t)count);
          client->in = grown;
          client->in_size += (size_t)count;
          handle_input (client);
        }
    }
  if (client->closing && client->out_size == 0)
    client_close (client);
}

static void
on_connection (struct watch *watch, uint32_t events)
{
  struct shim *shim = watch->owner;
  (void)events;
  int fd = accept4 (watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct client *client = fd < 0 ? NULL : calloc (1, sizeof *client);
  if (client == NULL)
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  client->watch = (struct watch){ .fd = fd, .ready = on_client, .owner = client };
  client->shim = shim;
  client->next = shim->clients;
  shim->clients = client;
  watch_add (&client->watch, EPOLLIN);
}

int
server_open (struct shim *shim, struct tss_error *error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const char *path = shim->config.socket;
  if (strlen (path) >= sizeof address.sun_path)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "socket", "the path is longer than %zu bytes: %s",
                          sizeof address.sun_path - 1, path);
  strcpy (address.sun_path, path);
  unlink (path);
  umask (0077);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) < 0 || listen (fd, 16) < 0)
    {
      int number = errno;
      tss_close (&fd);
      return tss_error_set (error, TSS_ERROR_IO, number, path, "listen on %s", path);
    }
  shim->listener = (struct watch){ .fd = fd, .ready = on_connection, .owner = shim };
  return watch_add (&shim->listener, EPOLLIN);
}

/* --- what happens to the container, told to those who want to know --- */

void
server_broadcast_event (struct shim *shim, const char *event)
{
  char now[TIME_SIZE];
  state_now (now);
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    if (client->subscribed)
      client_send_json (client, FRAME_EVENT,
                        json_pack ("{s:s, s:s, s:o}", "event", event, "at", now, "state", state_to_json (shim)));
}

void
server_broadcast_output (struct shim *shim, unsigned stream, const char *data, size_t size)
{
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    if (client->attached_output)
      client_send (client, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, data, size);
}

void
server_announce_restarted (struct shim *shim)
{
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    if (client->restart_seq != 0)
      {
        reply_ok (client, client->restart_seq, "state", state_to_json (shim));
        client->restart_seq = 0;
      }
}

void
server_announce_end (struct shim *shim)
{
  const struct run *run = &shim->state.run;
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    {
      if (client->stop_seq != 0)
        reply_ok (client, client->stop_seq, "state", state_to_json (shim));
      if (client->restart_seq != 0)
        reply_error (client, client->restart_seq, &shim->state.error);
      client->stop_seq = client->restart_seq = 0;
      if (client->attached_input || client->attached_output)
        client_send_json (client, FRAME_EXIT,
                          json_pack ("{s:i, s:o, s:n}", "exitCode", run->exit_code, "signal",
                                     run->signal > 0 ? json_integer (run->signal) : json_null (), "error"));
    }
}

void
server_drain (struct shim *shim)
{
  for (int rounds = 0; rounds < 20; rounds++)
    {
      struct pollfd polls[64];
      nfds_t count = 0;
      for (struct client *client = shim->clients; client != NULL && count < 64; client = client->next)
        {
          client_write_pending (client);
          if (client->out_size > 0)
            polls[count++] = (struct pollfd){ .fd = client->watch.fd, .events = POLLOUT };
        }
      if (count == 0)
        return;
      poll (polls, count, 100);
    }
}
