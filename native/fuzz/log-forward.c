/* The logging service of a container that prints whatever it likes, while the service reads when it likes, or has gone:
 * each line comes as one datagram, whole and in its order, or is counted as dropped. */
#include "../shim/log-forward.h"
#include "../common/cleanup.h"
#include "../shim/lines.h"
#include "fuzz.h"
#include "log-records.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HEAD "<30>"
#define INFIX " web[1]: "
#define JOURNAL_HEAD "PRIORITY=6\nMESSAGE\n"
#define PARTIAL "CONTAINER_PARTIAL_MESSAGE=true\n"

enum
{
  ACTIONS = 8,
};

struct service
{
  int fd;      /* -1: has gone */
  size_t next; /* of the lines */
  uint64_t received;
};

static char directory[PATH_MAX];
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void
remove_directory (void)
{
  unlink (address.sun_path);
  rmdir (directory);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  fuzz_make_directory (directory);
  FUZZ_REQUIRE ((size_t)snprintf (address.sun_path, sizeof address.sun_path, "%s/log", directory)
                < sizeof address.sun_path);
  atexit (remove_directory);
  return 0;
}

static void
open_service (struct service *service)
{
  if (service->fd >= 0)
    return;
  unlink (address.sun_path);
  service->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  FUZZ_REQUIRE (service->fd >= 0 && bind (service->fd, (struct sockaddr *)&address, sizeof address) == 0);
}

/* The text of a datagram, whose end is *END. */
static const char *
parse (const struct forward_options *options, const char *datagram, size_t size, const char **end)
{
  const char *at = datagram;
  uint64_t length = 0;

  *end = datagram + size;
  if (!options->is_journal)
    {
      size_t head = strlen (HEAD), infix = strlen (INFIX);
      const char *found = memmem (datagram, size, INFIX, infix);

      FUZZ_REQUIRE (size >= head && memcmp (datagram, HEAD, head) == 0 && found);
      return found + infix;
    }
  if (size >= strlen (PARTIAL) && memcmp (at, PARTIAL, strlen (PARTIAL)) == 0)
    at += strlen (PARTIAL);
  FUZZ_REQUIRE ((size_t)(*end - at) > strlen (JOURNAL_HEAD) + sizeof length);
  FUZZ_REQUIRE (memcmp (at, JOURNAL_HEAD, strlen (JOURNAL_HEAD)) == 0);
  at += strlen (JOURNAL_HEAD);
  memcpy (&length, at, sizeof length);
  at += sizeof length;
  FUZZ_REQUIRE ((uint64_t)(*end - at) == length + 1 && (*end)[-1] == '\n');
  *end -= 1;
  return at;
}

/* A datagram is one of the lines that have not come yet; those before it never will. */
static void
take (struct service *service, const struct forward_options *options)
{
  static char datagram[2 * LINES_RECORD_MAX];
  ssize_t size;

  while (service->fd >= 0 && (size = recv (service->fd, datagram, sizeof datagram, MSG_TRUNC)) >= 0)
    {
      const char *end, *text;

      FUZZ_REQUIRE ((size_t)size <= sizeof datagram);
      text = parse (options, datagram, (size_t)size, &end);
      for (;; service->next++)
        {
          FUZZ_REQUIRE (service->next < log_records.count);
          if (log_records.lines[service->next].length - LINES_PREFIX_LENGTH == (size_t)(end - text)
              && memcmp (log_records.lines[service->next].record + LINES_PREFIX_LENGTH, text, (size_t)(end - text))
                     == 0)
            break;
        }
      service->next++;
      service->received++;
    }
}

static void
ignore_drained (void *context)
{
  (void)context;
}

static void
forward_all (struct log_forward *forward, struct service *service, const uint8_t *actions)
{
  for (size_t i = 0; i < log_records.count; i++)
    {
      switch (actions[i % ACTIONS] % 8)
        {
        case 0:
          take (service, &forward->options->forward);
          break;
        case 1:
          open_service (service);
          break;
        case 2: /* what it has not read is lost with it */
          take (service, &forward->options->forward);
          tss_close (&service->fd);
          break;
        case 3:
          fuzz_run_once (forward->loop);
          break;
        default:
          break;
        }
      log_forward_records (forward, 0, log_records.lines[i].record, log_records.lines[i].length + 1);
    }
}

/* First the circumstances, then what the service does between lines, then what the container prints. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct log_options options = { .max_buffer_bytes = 64 * 1024 };
  struct service service = { .fd = -1 };
  struct log_forward forward;
  struct loop loop;

  if (size < 3 + ACTIONS)
    return 0;
  options.forward = (struct forward_options){ .socket = address.sun_path,
                                              .heads = { HEAD, HEAD },
                                              .time = (enum forward_time) (data[0] / 2 % 4),
                                              .infix = INFIX,
                                              .is_journal = data[0] & 1 };
  if (options.forward.is_journal)
    options.forward.heads[0] = JOURNAL_HEAD;
  options.max_buffer_bytes = (uint64_t)data[1] * 256;
  log_records_make (data + 3 + ACTIONS, size - 3 - ACTIONS, (size_t)data[2] * 16 + 1);
  FUZZ_REQUIRE (loop_open (&loop, NULL) == 0);
  log_forward_open (&forward, &loop, &options);
  forward.drained = ignore_drained;
  open_service (&service);
  forward_all (&forward, &service, data + 3);
  FUZZ_REQUIRE (buffer_length (&forward.queue) <= options.max_buffer_bytes);
  open_service (&service);
  /* Room again, and the next try at a service that had gone. */
  for (size_t last = SIZE_MAX; buffer_length (&forward.queue) != last;)
    {
      last = buffer_length (&forward.queue);
      take (&service, &options.forward);
      fuzz_run_once (&loop);
      if (forward.retry.active)
        forward.retry.function (&forward);
    }
  take (&service, &options.forward);
  FUZZ_REQUIRE (buffer_length (&forward.queue) == 0);
  FUZZ_REQUIRE (service.received + forward.dropped == log_records.count);
  log_forward_close (&forward);
  loop_close (&loop);
  tss_close (&service.fd);
  return 0;
}
