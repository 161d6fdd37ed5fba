/* Sends the log's records on to a logging service. */
#include "log-forward.h"
#include "lines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum
{
  /* A service that restarts is back within seconds. */
  RETRY_MS = 1000,
  /* A service that does not answer is given up, so that the next try can find it where it is by now. */
  SILENCE_MS = 20000,
  /* What a short container has said is given to a service that is near, and the end of no container waits longer. */
  CLOSE_MS = 500,
  PIECES = 6
};

/* One datagram, or one line of a stream. */
struct message
{
  struct iovec pieces[PIECES];
  int count;
  char time[64];
  unsigned char length[8];
};

static void
add_piece (struct message *message, const void *data, size_t size)
{
  message->pieces[message->count++] = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = size };
}

static void
add_text (struct message *message, const char *text)
{
  add_piece (message, text, strlen (text));
}

/* RECORD begins with its time in UTC; the old form of syslog has the local one. */
static void
add_time (struct message *message, enum forward_time form, const char *record)
{
  int length = form == FORWARD_TIME_MICROSECONDS ? 26 : 19;
  time_t now = clock_now ().tv_sec;
  struct tm local;

  if (form == FORWARD_TIME_NONE)
    return;
  if (form == FORWARD_TIME_STAMP && localtime_r (&now, &local))
    strftime (message->time, sizeof message->time, "%b %e %H:%M:%S", &local);
  else
    snprintf (message->time, sizeof message->time, "%.*sZ", length, record);
  add_text (message, message->time);
}

/* The journal takes texts of any bytes after their length, 64 bits with the lowest first. */
static void
add_journal_text (struct message *message, const char *text, size_t size)
{
  for (int i = 0; i < 8; i++)
    message->length[i] = (unsigned char)(size >> (8 * i));
  add_piece (message, message->length, sizeof message->length);
  add_piece (message, text, size);
  add_piece (message, "\n", 1);
}

/* LENGTH without the record's newline. */
static void
compose (const struct forward_options *options, int stream, const char *record, size_t length, struct message *message)
{
  const char *text = record + LINES_PREFIX_LENGTH;
  size_t size = length - LINES_PREFIX_LENGTH;

  message->count = 0;
  if (options->is_journal)
    {
      if (record[LINES_PREFIX_LENGTH - 2] == 'P')
        add_text (message, "CONTAINER_PARTIAL_MESSAGE=true\n");
      add_text (message, options->heads[stream]);
      add_journal_text (message, text, size);
      return;
    }
  add_text (message, options->heads[stream]);
  add_time (message, options->time, record);
  add_text (message, options->infix);
  add_piece (message, text, size);
  if (options->is_stream)
    add_piece (message, "\n", 1);
}

static int
make_address (const struct forward_options *options, struct sockaddr_storage *address, socklen_t *size)
{
  struct sockaddr_un *local = (struct sockaddr_un *)address;
  struct sockaddr_in *four = (struct sockaddr_in *)address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

  memset (address, 0, sizeof *address);
  if (options->socket)
    {
      local->sun_family = AF_UNIX;
      /* Cut short it would be another one. */
      if ((size_t)snprintf (local->sun_path, sizeof local->sun_path, "%s", options->socket) >= sizeof local->sun_path)
        return -1;
      *size = sizeof *local;
      return 0;
    }
  if (inet_pton (AF_INET, options->host, &four->sin_addr) == 1)
    {
      four->sin_family = AF_INET;
      four->sin_port = htons ((uint16_t)options->port);
      *size = sizeof *four;
      return 0;
    }
  if (inet_pton (AF_INET6, options->host, &six->sin6_addr) != 1)
    return -1;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons ((uint16_t)options->port);
  *size = sizeof *six;
  return 0;
}

int
log_forward_check (const struct forward_options *options, struct tss_error *error)
{
  struct sockaddr_storage address;
  socklen_t size;

  if (make_address (options, &address, &size) == 0)
    return 0;
  if (options->host)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "log.forward.host", "log.forward.host: %s is no IP address",
                          options->host);
  return tss_error_set (error, TSS_ERROR_INVALID, ENAMETOOLONG, "log.forward.socket",
                        "log.forward.socket: %s cannot be connected to", options->socket);
}

/* A stream may still be on its way to being connected. */
static bool
connect_service (struct log_forward *forward)
{
  const struct forward_options *options = &forward->options->forward;
  unsigned int silence = SILENCE_MS;
  struct sockaddr_storage address;
  socklen_t size = 0;
  int fd;

  if (make_address (options, &address, &size) < 0)
    return false;
  fd = socket (address.ss_family, (options->is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  if (options->is_stream)
    setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
  if (connect (fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
    {
      close (fd);
      return false;
    }
  forward->service.fd = fd;
  forward->service.is_added = false;
  forward->sent = 0;
  return true;
}

static size_t
total_size (const struct iovec *pieces, int count)
{
  size_t size = 0;

  for (int i = 0; i < count; i++)
    size += pieces[i].iov_len;
  return size;
}

/* A service that has closed its end still takes a line, and nobody would ever know that it was lost. */
static bool
has_hung_up (const struct log_forward *forward)
{
  char byte;

  return recv (forward->service.fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Of a stream that has taken a part, the rest waits as one that took nothing does. */
static int
send_to_stream (struct log_forward *forward, struct iovec *pieces, int count)
{
  struct msghdr header = { .msg_iov = pieces, .msg_iovlen = (size_t)count };
  ssize_t taken;

  if (has_hung_up (forward))
    return EPIPE;
  taken = sendmsg (forward->service.fd, &header, MSG_NOSIGNAL);
  if (taken < 0)
    return errno;
  forward->sent += (size_t)taken;
  return (size_t)taken < total_size (pieces, count) ? EAGAIN : 0;
}

/* 0: sent, or never to be sent; else why not now. */
static int
send_once (struct log_forward *forward, struct iovec *pieces, int count)
{
  struct msghdr header = { .msg_iov = pieces, .msg_iovlen = (size_t)count };

  if (forward->options->forward.is_stream)
    return send_to_stream (forward, pieces, count);
  if (sendmsg (forward->service.fd, &header, MSG_NOSIGNAL) >= 0)
    return 0;
  if (errno != EMSGSIZE)
    return errno;
  forward->dropped++;
  return 0;
}

/* An error of an earlier datagram, or the end of the service, asks for another socket; whether a stream is connected
 * turns out later, so that its next try is made after a while. */
static int
send_pieces (struct log_forward *forward, struct iovec *pieces, int count)
{
  bool is_stream = forward->options->forward.is_stream;
  bool is_new = forward->service.fd < 0;
  int problem = ENOTCONN;

  if (!is_new || (is_stream && connect_service (forward)))
    problem = send_once (forward, pieces, count);
  if (problem == 0 || problem == EAGAIN || problem == ENOBUFS)
    return problem;
  loop_close_watch (forward->loop, &forward->service);
  forward->sent = 0;
  if (is_stream)
    return ENOTCONN;
  return connect_service (forward) ? send_once (forward, pieces, count) : ENOTCONN;
}

/* Waits for room where the service is slow, and for a while where there is none. */
static void
await_service (struct log_forward *forward, int problem)
{
  bool is_slow = problem == EAGAIN && forward->service.fd >= 0;

  if (is_slow && loop_set (forward->loop, &forward->service, EPOLLOUT, NULL) == 0)
    return;
  loop_start_timer (forward->loop, &forward->retry, RETRY_MS);
}

/* A line of which a stream has a part and no room is for the rest would spoil the next one. */
static void
drop (struct log_forward *forward, size_t start)
{
  forward->dropped++;
  if (start > 0 || forward->sent == 0)
    return;
  loop_close_watch (forward->loop, &forward->service);
  forward->sent = 0;
}

static void
enqueue (struct log_forward *forward, const struct message *message)
{
  size_t start = buffer_length (&forward->queue);
  uint32_t size = (uint32_t)total_size (message->pieces, message->count);
  bool fits;

  fits = start + sizeof size + size <= forward->options->max_buffer_bytes
         && buffer_reserve (&forward->queue, sizeof size + size) != NULL;
  if (!fits)
    {
      drop (forward, start);
      return;
    }
  buffer_append (&forward->queue, &size, sizeof size);
  for (int i = 0; i < message->count; i++)
    buffer_append (&forward->queue, message->pieces[i].iov_base, message->pieces[i].iov_len);
}

static void
send_queue (struct log_forward *forward)
{
  while (buffer_length (&forward->queue) > 0)
    {
      struct iovec piece;
      uint32_t size;
      int problem;

      memcpy (&size, buffer_bytes (&forward->queue), sizeof size);
      piece = (struct iovec){ .iov_base = buffer_bytes (&forward->queue) + sizeof size + forward->sent,
                              .iov_len = size - forward->sent };
      problem = send_pieces (forward, &piece, 1);
      if (problem != 0)
        {
          await_service (forward, problem);
          return;
        }
      buffer_consume (&forward->queue, sizeof size + size);
      forward->sent = 0;
    }
  if (forward->service.fd >= 0 && forward->service.is_added)
    loop_set (forward->loop, &forward->service, LOOP_OFF, NULL);
  if (forward->dropped > forward->told)
    forward->drained (forward->context);
}

static void
on_service (void *context, uint32_t events)
{
  (void)events;
  send_queue (context);
}

static void
on_retry (void *context)
{
  send_queue (context);
}

void
log_forward_open (struct log_forward *forward, struct loop *loop, const struct log_options *options)
{
  *forward = (struct log_forward){
    .options = options,
    .loop = loop,
    .service = { .fd = -1, .function = on_service, .context = forward },
    .retry = { .function = on_retry, .context = forward },
  };
}

static void
forward_record (struct log_forward *forward, int stream, const char *record, size_t length)
{
  struct message message;
  int problem;

  compose (&forward->options->forward, stream, record, length, &message);
  if (buffer_length (&forward->queue) > 0)
    {
      enqueue (forward, &message);
      return;
    }
  forward->sent = 0;
  problem = send_pieces (forward, message.pieces, message.count);
  if (problem == 0)
    return;
  enqueue (forward, &message);
  await_service (forward, problem);
}

void
log_forward_records (struct log_forward *forward, int stream, const char *records, size_t size)
{
  if (!forward->options->forward.heads[0])
    return;
  while (size > 0)
    {
      const char *end = memchr (records, '\n', size);
      size_t length = end ? (size_t)(end - records) : size;

      forward_record (forward, stream, records, length);
      if (!end)
        return;
      size -= length + 1;
      records = end + 1;
    }
}

size_t
log_forward_tell (struct log_forward *forward, char *text, size_t size)
{
  unsigned long long lines = forward->dropped - forward->told;
  int length;

  if (lines == 0)
    return 0;
  length = snprintf (
      text, size, "[tsstack: %llu lines were not passed on, because the logging service did not take them]\n", lines);
  forward->told = forward->dropped;
  return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

/* A stream that is just being connected, or is slow, has a moment for what is left. */
static void
give_last (struct log_forward *forward)
{
  uint64_t end = loop_now_ms () + CLOSE_MS;

  while (forward->options->forward.is_stream && forward->service.fd >= 0 && buffer_length (&forward->queue) > 0)
    {
      struct pollfd service = { .fd = forward->service.fd, .events = POLLOUT };
      uint64_t now = loop_now_ms ();

      if (now >= end || poll (&service, 1, (int)(end - now)) <= 0)
        return;
      send_queue (forward);
    }
}

void
log_forward_close (struct log_forward *forward)
{
  forward->told = forward->dropped;
  if (buffer_length (&forward->queue) > 0)
    send_queue (forward);
  give_last (forward);
  loop_stop_timer (forward->loop, &forward->retry);
  loop_close_watch (forward->loop, &forward->service);
  buffer_free (&forward->queue);
}
