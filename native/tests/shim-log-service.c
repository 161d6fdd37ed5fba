/* What a logging service gets by TCP, and that one which does not read, talks, or goes, harms nobody. */
#include "../common/cleanup.h"
#include "../shim/lines.h"
#include "../shim/log-forward.h"
#include "check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define TIME "2026-11-21T04:00:00.123456789Z"
#define HEAD "<30> web[1]: "

enum
{
  /* A line of 16 KiB; of these more than the kernel holds for a stream (4 MiB and what the service's end takes). */
  LONG = 16 * 1024,
  LONG_LINES = 1200,
  QUEUE = 256 * 1024,
  /* Of this one the kernel takes a part, when it has room for little. */
  HUGE_LINE = 200 * 1024,
  DEADLINE_MS = 10000
};

struct fixture
{
  struct loop loop;
  struct log_options options;
  struct log_forward forward;
  int listener, service, drained;
};

static void
on_drained (void *context)
{
  struct fixture *fixture = context;

  fixture->drained++;
}

/* The port stays, so that a service can come back; SIZE limits what its end takes without reading. */
static void
listen_again (struct fixture *fixture, int size)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons ((uint16_t)fixture->options.forward.port) };
  socklen_t length = sizeof address;
  int yes = 1;

  fixture->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (setsockopt (fixture->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
  CHECK (setsockopt (fixture->listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
  CHECK (bind (fixture->listener, (struct sockaddr *)&address, length) == 0 && listen (fixture->listener, 4) == 0);
  CHECK (getsockname (fixture->listener, (struct sockaddr *)&address, &length) == 0);
  fixture->options.forward.port = ntohs (address.sin_port);
}

static void
set_up (struct fixture *fixture)
{
  *fixture = (struct fixture){
    .service = -1,
    .options
    = { .max_buffer_bytes = QUEUE,
        .forward = { .host = "127.0.0.1", .is_stream = true, .heads = { "<30>", "<27>" }, .infix = " web[1]: " } }
  };
  listen_again (fixture, LONG);
  CHECK (loop_open (&fixture->loop, NULL) == 0);
  log_forward_open (&fixture->forward, &fixture->loop, &fixture->options);
  fixture->forward.drained = on_drained;
  fixture->forward.context = fixture;
}

static void
tear_down (struct fixture *fixture)
{
  log_forward_close (&fixture->forward);
  loop_close (&fixture->loop);
  tss_close (&fixture->service);
  tss_close (&fixture->listener);
}

static void
forward_text (struct fixture *fixture, const char *text, size_t size)
{
  static char record[LINES_PREFIX_LENGTH + HUGE_LINE + 1];
  size_t prefix = strlen (TIME " stdout F ");

  memcpy (record, TIME " stdout F ", prefix);
  memcpy (record + prefix, text, size);
  record[prefix + size] = '\n';
  log_forward_records (&fixture->forward, 0, record, prefix + size + 1);
}

/* A line that begins with its NUMBER. */
static void
forward_long (struct fixture *fixture, int number)
{
  char text[LONG];

  memset (text, 'x', sizeof text);
  snprintf (text, sizeof text, "%06d", number);
  text[6] = 'x';
  forward_text (fixture, text, sizeof text);
}

static void
stop_loop (void *context)
{
  loop_stop (context);
}

static void
run_loop (struct fixture *fixture, uint64_t delay_ms)
{
  struct loop_timer end = { .function = stop_loop, .context = &fixture->loop };

  fixture->loop.stopping = false;
  loop_start_timer (&fixture->loop, &end, delay_ms);
  loop_run (&fixture->loop, NULL);
  loop_stop_timer (&fixture->loop, &end);
}

static void
accept_service (struct fixture *fixture)
{
  struct timeval deadline = { .tv_sec = DEADLINE_MS / 1000 };
  struct pollfd waiting = { .fd = fixture->listener, .events = POLLIN };

  tss_close (&fixture->service);
  CHECK (poll (&waiting, 1, DEADLINE_MS) == 1);
  fixture->service = accept4 (fixture->listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK (setsockopt (fixture->service, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) == 0);
}

/* The next SIZE bytes. */
static bool
receives (struct fixture *fixture, const char *expected, size_t size)
{
  char bytes[256];

  return recv (fixture->service, bytes, size, MSG_WAITALL) == (ssize_t)size && memcmp (bytes, expected, size) == 0;
}

#define RECEIVES(text) CHECK (receives (&fixture, text, sizeof (text) - 1))

static void
test_lines (void)
{
  struct fixture fixture;

  set_up (&fixture);
  forward_text (&fixture, "one", 3);
  forward_text (&fixture, "<0>\0\r%n", 7);
  forward_text (&fixture, "", 0);
  run_loop (&fixture, 0);
  accept_service (&fixture);
  run_loop (&fixture, 0);
  RECEIVES (HEAD "one\n" HEAD "<0>\0\r%n\n" HEAD "\n");
  CHECK (!fixture.forward.service.watch.is_added && !fixture.forward.retry.active); /* nothing wakes us any more */
  tear_down (&fixture);
}

/* How many of the long lines the service gets, each whole and behind the one before, while the queue is sent. */
static int
read_long (struct fixture *fixture)
{
  static char line[sizeof HEAD - 1 + LONG + 1];
  int last = -1, count = 0;

  for (int number; recv (fixture->service, line, sizeof line, MSG_WAITALL) == (ssize_t)sizeof line; last = number)
    {
      char *end;

      CHECK (memcmp (line, HEAD, strlen (HEAD)) == 0 && line[sizeof line - 1] == '\n');
      number = (int)strtol (line + strlen (HEAD), &end, 10);
      CHECK (number > last && end == line + strlen (HEAD) + 6 && end[0] == 'x');
      count++;
      run_loop (fixture, 0);
      if (buffer_length (&fixture->forward.queue) == 0)
        log_service_close (&fixture->forward.service);
    }
  return count;
}

static void
test_service_that_reads_late (void)
{
  uint64_t start = loop_now_ms ();
  struct fixture fixture;
  int received;

  set_up (&fixture);
  for (int i = 0; i < LONG_LINES; i++)
    {
      forward_long (&fixture, i);
      run_loop (&fixture, 0);
    }
  CHECK (fixture.forward.dropped > 0 && fixture.drained == 0);
  CHECK (buffer_length (&fixture.forward.queue) <= QUEUE && fixture.forward.queue.capacity <= 2 * QUEUE);
  CHECK (!fixture.forward.retry.active && loop_now_ms () - start < DEADLINE_MS);
  accept_service (&fixture);
  received = read_long (&fixture);
  CHECK (fixture.drained == 1 && (uint64_t)received + fixture.forward.dropped == LONG_LINES);
  tear_down (&fixture);
}

/* From here on the kernel takes little, and not more with each answer of the service's end. */
static void
limit_sending (struct fixture *fixture)
{
  int small = 1;

  CHECK (setsockopt (fixture->forward.service.watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
}

/* What it has not taken at the end is counted, after a moment. */
static void
test_service_that_never_reads (void)
{
  struct fixture fixture;
  uint64_t start, dropped;
  char text[256];

  set_up (&fixture);
  forward_long (&fixture, 0);
  run_loop (&fixture, 0);
  limit_sending (&fixture);
  for (int i = 1; i < LONG_LINES; i++)
    {
      forward_long (&fixture, i);
      run_loop (&fixture, 0);
    }
  dropped = fixture.forward.dropped;
  CHECK (log_forward_tell (&fixture.forward, text, sizeof text) > 0);
  start = loop_now_ms ();
  log_forward_close (&fixture.forward);
  CHECK (loop_now_ms () - start >= 500 && loop_now_ms () - start < DEADLINE_MS);
  CHECK (fixture.forward.dropped > dropped && fixture.drained == 0);
  CHECK (log_forward_tell (&fixture.forward, text, sizeof text) > 0);
  CHECK (strtoull (text + strlen ("[tsstack: "), NULL, 10) == fixture.forward.dropped - dropped);
  tear_down (&fixture);
}

/* The line of which the service had a part comes again, whole. */
static void
test_service_that_goes_within_a_line (void)
{
  static char huge[HUGE_LINE], received[sizeof HEAD - 1 + HUGE_LINE + 1];
  struct fixture fixture;

  memset (huge, 'x', sizeof huge);
  set_up (&fixture);
  forward_text (&fixture, "one", 3);
  run_loop (&fixture, 0);
  limit_sending (&fixture);
  forward_text (&fixture, huge, sizeof huge);
  CHECK (fixture.forward.service.sent > 0 && fixture.forward.service.sent < sizeof huge);
  accept_service (&fixture);
  tss_close (&fixture.service);
  run_loop (&fixture, 0);
  CHECK (fixture.forward.retry.active && fixture.forward.service.watch.fd < 0 && fixture.forward.dropped == 0);
  run_loop (&fixture, 1100);
  accept_service (&fixture);
  for (size_t length = 0; length < sizeof received; run_loop (&fixture, 0))
    {
      ssize_t count = recv (fixture.service, received + length, sizeof received - length, 0);

      CHECK (count > 0);
      if (count <= 0)
        break;
      length += (size_t)count;
    }
  CHECK (memcmp (received, HEAD, strlen (HEAD)) == 0 && memchr (received, '\n', sizeof received - 1) == NULL);
  CHECK (received[sizeof received - 1] == '\n' && buffer_length (&fixture.forward.queue) == 0);
  tear_down (&fixture);
}

/* What it says is not read by anybody, and neither hides its end nor takes lines away that are on their way. */
static void
test_service_that_talks (void)
{
  struct fixture fixture;
  char byte;

  set_up (&fixture);
  forward_text (&fixture, "one", 3);
  run_loop (&fixture, 0);
  accept_service (&fixture);
  CHECK (send (fixture.service, "250 go on\n", 10, 0) == 10);
  run_loop (&fixture, 0);
  RECEIVES (HEAD "one\n");
  forward_text (&fixture, "two", 3);
  log_forward_close (&fixture.forward);
  RECEIVES (HEAD "two\n");
  CHECK (recv (fixture.service, &byte, 1, 0) == 0);

  forward_text (&fixture, "three", 5);
  run_loop (&fixture, 0);
  accept_service (&fixture);
  RECEIVES (HEAD "three\n");
  CHECK (send (fixture.service, "421 bye\n", 8, 0) == 8 && shutdown (fixture.service, SHUT_WR) == 0);
  forward_text (&fixture, "four", 4);
  CHECK (fixture.forward.retry.active && buffer_length (&fixture.forward.queue) > 0);
  run_loop (&fixture, 1100);
  accept_service (&fixture);
  RECEIVES (HEAD "four\n");
  tear_down (&fixture);
}

/* It is asked once a second, however much there is to say and however little is kept. */
static void
test_absent_service (void)
{
  struct fixture fixture;
  uint64_t deadline;

  set_up (&fixture);
  fixture.options.max_buffer_bytes = 1;
  tss_close (&fixture.listener);
  forward_text (&fixture, "lost", 4);
  run_loop (&fixture, 0);
  CHECK (fixture.forward.retry.active && fixture.forward.service.watch.fd < 0 && fixture.forward.dropped == 1);
  deadline = fixture.forward.retry.deadline_ms;
  forward_text (&fixture, "lost, too", 9);
  CHECK (fixture.forward.retry.deadline_ms == deadline && fixture.forward.dropped == 2);
  fixture.options.max_buffer_bytes = QUEUE;
  listen_again (&fixture, LONG);
  forward_text (&fixture, "kept", 4);
  run_loop (&fixture, 1100);
  accept_service (&fixture);
  RECEIVES (HEAD "kept\n");
  CHECK (fixture.drained == 1);
  tear_down (&fixture);
}

int
main (void)
{
  test_lines ();
  test_service_that_reads_late ();
  test_service_that_never_reads ();
  test_service_that_goes_within_a_line ();
  test_service_that_talks ();
  test_absent_service ();
  return check_finish ("shim-log-service");
}
