/* Sends the log's records on to a logging service. */
#include "log-forward.h"
#include "log-message.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum
{
  /* A service that restarts is back within seconds. */
  RETRY_MS = 1000,
  /* What a short container has said is given to a service that is near, and the end of no container waits longer. */
  CLOSE_MS = 500
};

/* A datagram that is too long never gets there. */
static int
send_message (struct log_forward *forward, struct iovec *pieces, int count)
{
  int problem = log_service_send (&forward->service, pieces, count);

  if (problem != EMSGSIZE)
    return problem;
  forward->dropped++;
  return 0;
}

/* Waits for room where the service is slow, and for a while where there is none. */
static void
await_service (struct log_forward *forward, int problem)
{
  bool is_slow = problem == EAGAIN && forward->service.watch.fd >= 0;

  if (is_slow && loop_set (forward->loop, &forward->service.watch, EPOLLOUT, NULL) == 0)
    return;
  loop_start_timer (forward->loop, &forward->retry, RETRY_MS);
}

/* A line of which a stream has a part and no room is for the rest would spoil the next one. */
static void
drop (struct log_forward *forward, size_t start)
{
  forward->dropped++;
  if (start == 0 && forward->service.sent > 0)
    log_service_close (&forward->service);
}

static void
enqueue (struct log_forward *forward, const struct log_message *message)
{
  size_t start = buffer_length (&forward->queue);
  uint32_t size = (uint32_t)log_message_size (message->pieces, message->count);
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

/* In the queue each message comes after its length. */
static uint32_t
first_size (const struct log_forward *forward)
{
  uint32_t size;

  memcpy (&size, buffer_bytes (&forward->queue), sizeof size);
  return size;
}

static void
remove_first (struct log_forward *forward)
{
  buffer_consume (&forward->queue, sizeof (uint32_t) + first_size (forward));
  forward->service.sent = 0;
}

static void
send_queue (struct log_forward *forward)
{
  while (buffer_length (&forward->queue) > 0)
    {
      size_t sent = forward->service.sent;
      struct iovec piece = { .iov_base = buffer_bytes (&forward->queue) + sizeof (uint32_t) + sent,
                             .iov_len = first_size (forward) - sent };
      int problem = send_message (forward, &piece, 1);

      if (problem != 0)
        {
          await_service (forward, problem);
          return;
        }
      remove_first (forward);
    }
  if (forward->service.watch.is_added)
    loop_set (forward->loop, &forward->service.watch, LOOP_OFF, NULL);
}

static void
go_on (struct log_forward *forward)
{
  send_queue (forward);
  if (buffer_length (&forward->queue) == 0 && forward->dropped > forward->told)
    forward->drained (forward->context);
}

static void
on_service (void *context, uint32_t events)
{
  (void)events;
  go_on (context);
}

static void
on_retry (void *context)
{
  go_on (context);
}

void
log_forward_open (struct log_forward *forward, struct loop *loop, const struct log_options *options)
{
  *forward = (struct log_forward){
    .options = options,
    .loop = loop,
    .service
    = { .options = &options->forward, .loop = loop, .watch = { .fd = -1, .function = on_service, .context = forward } },
    .retry = { .function = on_retry, .context = forward },
  };
}

/* Behind what waits, and not sooner than the next try: whatever the container prints, a service that is not there is
 * asked once a second. */
static void
forward_record (struct log_forward *forward, int stream, const char *record, size_t length)
{
  struct log_message message;
  int problem;

  log_message_compose (&forward->options->forward, stream, record, length, &message);
  if (buffer_length (&forward->queue) > 0 || forward->retry.active)
    {
      enqueue (forward, &message);
      return;
    }
  forward->service.sent = 0;
  problem = send_message (forward, message.pieces, message.count);
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

  while (forward->options->forward.is_stream && forward->service.watch.fd >= 0 && buffer_length (&forward->queue) > 0)
    {
      struct pollfd service = { .fd = forward->service.watch.fd, .events = POLLOUT };
      uint64_t now = loop_now_ms ();

      if (now >= end || poll (&service, 1, (int)(end - now)) <= 0)
        return;
      send_queue (forward);
    }
}

void
log_forward_close (struct log_forward *forward)
{
  if (buffer_length (&forward->queue) > 0)
    send_queue (forward);
  give_last (forward);
  for (; buffer_length (&forward->queue) > 0; remove_first (forward))
    forward->dropped++;
  loop_stop_timer (forward->loop, &forward->retry);
  log_service_close (&forward->service);
}
