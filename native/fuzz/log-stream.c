/* The logging service of a container that prints whatever it likes, by TCP, while the service reads when and as little
 * as it likes, talks, or hangs up: on each connection there are whole lines in their order, no byte of anything else,
 * and where it neither hangs up nor talks each line is there or counted as dropped. */
#include "../common/cleanup.h"
#include "../shim/lines.h"
#include "../shim/log-forward.h"
#include "fuzz.h"
#include "log-records.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD "<30>"
#define INFIX " web[1]: "

enum
{
  ACTIONS = 8,
  CONTENT = 3 + ACTIONS,
  /* Of the test, not of what is tested: nothing takes that long. */
  DEADLINE_MS = 10000
};

struct service
{
  int fd;       /* -1: nobody is connected */
  size_t next;  /* of the lines */
  size_t begun; /* bytes of the message that it has a part of */
  uint64_t received;
  bool has_hung_up; /* once */
  bool has_talked;  /* what is on its way when the shim ends can be lost then: tcp(7) knows no end without a reset */
};

static char message[2 * LINES_RECORD_MAX];
static int listener = -1;
static uint16_t port;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;

  (void)argc;
  (void)argv;
  listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  FUZZ_REQUIRE (bind (listener, (struct sockaddr *)&address, size) == 0 && listen (listener, 16) == 0);
  FUZZ_REQUIRE (getsockname (listener, (struct sockaddr *)&address, &size) == 0);
  port = ntohs (address.sin_port);
  return 0;
}

/* By a reset, so that no connection of a former input keeps a port. */
static void
hang_up (struct service *service)
{
  struct linger now = { .l_onoff = 1 };

  if (service->fd >= 0)
    setsockopt (service->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  tss_close (&service->fd);
  service->begun = 0;
}

/* The line that has come is one of those that have not come yet. */
static void
take_message (struct service *service, size_t size)
{
  const char *text = memmem (message, size, INFIX, strlen (INFIX));
  size_t length;

  FUZZ_REQUIRE (memcmp (message, HEAD, strlen (HEAD)) == 0 && text);
  text += strlen (INFIX);
  length = (size_t)(message + size - text);
  for (;; service->next++)
    {
      const struct log_record *line = &log_records.lines[service->next];

      FUZZ_REQUIRE (service->next < log_records.count);
      if (line->length - LINES_PREFIX_LENGTH == length
          && memcmp (line->record + LINES_PREFIX_LENGTH, text, length) == 0)
        break;
    }
  service->next++;
  service->received++;
}

static void
take_bytes (struct service *service, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
    {
      if (bytes[i] == '\n')
        {
          take_message (service, service->begun);
          service->begun = 0;
          continue;
        }
      FUZZ_REQUIRE (service->begun < sizeof message);
      message[service->begun++] = bytes[i];
    }
}

/* Up to SIZE bytes; false at the end of the connection. */
static bool
read_some (struct service *service, size_t size)
{
  static char bytes[64 * 1024];
  ssize_t count;

  if (service->fd < 0 && (service->fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
    return true;
  count = recv (service->fd, bytes, size < sizeof bytes ? size : sizeof bytes, 0);
  if (count > 0)
    take_bytes (service, bytes, (size_t)count);
  return count > 0 || (count < 0 && errno == EAGAIN);
}

static void
act (struct service *service, struct log_forward *forward, uint8_t action)
{
  switch (action % 8)
    {
    case 0:
      read_some (service, SIZE_MAX);
      break;
    case 1:
      read_some (service, action);
      break;
    case 2:
      service->has_hung_up = true;
      hang_up (service);
      break;
    case 3:
      fuzz_run_once (forward->loop);
      break;
    case 4:
      if (service->fd >= 0)
        service->has_talked |= send (service->fd, message, action, MSG_NOSIGNAL) > 0;
      break;
    default:
      break;
    }
}

/* Until the shim has nothing left, tries after a while included, and the service has read all of it. */
static void
finish (struct service *service, struct log_forward *forward)
{
  uint64_t deadline = loop_now_ms () + DEADLINE_MS;

  while (buffer_length (&forward->queue) > 0)
    {
      FUZZ_REQUIRE (loop_now_ms () < deadline);
      if (!read_some (service, SIZE_MAX))
        hang_up (service);
      fuzz_run_once (forward->loop);
      if (forward->retry.active)
        forward->retry.function (forward);
    }
  log_forward_close (forward);
  for (bool is_open = true; is_open;)
    {
      struct pollfd waiting = { .fd = service->fd < 0 ? listener : service->fd, .events = POLLIN };
      bool is_expected
          = service->fd >= 0 || (!service->has_hung_up && service->received < log_records.count - forward->dropped);

      if (poll (&waiting, 1, is_expected ? DEADLINE_MS : 0) <= 0)
        break;
      is_open = read_some (service, SIZE_MAX);
    }
}

static void
ignore_drained (void *context)
{
  (void)context;
}

/* First the circumstances, then what the service does between lines, then what the container prints. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct log_options options
      = { .max_buffer_bytes = 64 * 1024,
          .forward
          = { .host = "127.0.0.1", .port = port, .heads = { HEAD, HEAD }, .infix = INFIX, .is_stream = true } };
  struct service service = { .fd = -1 };
  struct log_forward forward;
  struct loop loop;

  if (size < CONTENT)
    return 0;
  options.forward.time = (enum forward_time) (data[0] % 4);
  options.max_buffer_bytes = (uint64_t)data[1] * 256;
  log_records_make (data + CONTENT, size - CONTENT, (size_t)data[2] * 16 + 1);
  FUZZ_REQUIRE (loop_open (&loop, NULL) == 0);
  log_forward_open (&forward, &loop, &options);
  forward.drained = ignore_drained;
  for (size_t i = 0; i < log_records.count; i++)
    {
      act (&service, &forward, data[3 + i % ACTIONS]);
      log_forward_records (&forward, 0, log_records.lines[i].record, log_records.lines[i].length + 1);
      FUZZ_REQUIRE (buffer_length (&forward.queue) <= options.max_buffer_bytes);
    }
  finish (&service, &forward);
  FUZZ_REQUIRE (service.received + forward.dropped <= log_records.count);
  FUZZ_REQUIRE (service.has_hung_up || service.has_talked || service.received + forward.dropped == log_records.count);
  hang_up (&service);
  /* Connections that the service never looked at. */
  while ((service.fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    hang_up (&service);
  loop_close (&loop);
  return 0;
}
