/* What the logging service gets of the log's records, and what becomes of them while it does not take them. */
#include "../common/cleanup.h"
#include "../shim/lines.h"
#include "../shim/log-forward.h"
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TIME "2026-11-21T04:00:00.123456789Z"
#define RECORD(kind, text) TIME " stdout " kind " " text "\n"

static char directory[] = "/tmp/tsstack-log-forward-XXXXXX";
static char path[64];

struct fixture
{
  struct loop loop;
  struct log_options options;
  struct log_forward forward;
  int service, drained;
};

static void
on_drained (void *context)
{
  struct fixture *fixture = context;

  fixture->drained++;
}

static int
open_service (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
  unlink (path);
  CHECK (bind (fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

static void
set_up (struct fixture *fixture, struct forward_options options)
{
  *fixture = (struct fixture){ .service = -1 };
  if (!options.host)
    options.socket = path;
  options.heads[0] = options.heads[0] ? options.heads[0] : "<30>";
  options.heads[1] = options.heads[1] ? options.heads[1] : "<27>";
  options.infix = options.infix ? options.infix : " web[1]: ";
  fixture->options = (struct log_options){ .max_buffer_bytes = 4096, .forward = options };
  CHECK (loop_open (&fixture->loop, NULL) == 0);
  log_forward_open (&fixture->forward, &fixture->loop, &fixture->options);
  fixture->forward.drained = on_drained;
  fixture->forward.context = fixture;
  if (!options.host)
    fixture->service = open_service ();
}

static void
tear_down (struct fixture *fixture)
{
  log_forward_close (&fixture->forward);
  loop_close (&fixture->loop);
  tss_close (&fixture->service);
  unlink (path);
}

static void
forward_text (struct fixture *fixture, int stream, const char *records)
{
  log_forward_records (&fixture->forward, stream, records, strlen (records));
}

/* The next datagram; "" when there is none. */
static const char *
receive (struct fixture *fixture)
{
  static char text[64 * 1024];
  ssize_t length = recv (fixture->service, text, sizeof text - 1, 0);

  text[length < 0 ? 0 : length] = '\0';
  return text;
}

static void
stop_loop (void *context)
{
  loop_stop (context);
}

/* Lets pass what is ready now, and what comes within DELAY_MS. */
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
test_forms (void)
{
  static const struct
  {
    enum forward_time time;
    const char *expected;
  } forms[] = {
    { FORWARD_TIME_NONE, "<30> web[1]: hello" },
    { FORWARD_TIME_SECONDS, "<30>2026-11-21T04:00:00Z web[1]: hello" },
    { FORWARD_TIME_MICROSECONDS, "<30>2026-11-21T04:00:00.123456Z web[1]: hello" },
  };

  for (size_t i = 0; i < TSS_LENGTH (forms); i++)
    {
      struct fixture fixture;

      set_up (&fixture, (struct forward_options){ .time = forms[i].time });
      forward_text (&fixture, 0, RECORD ("F", "hello"));
      CHECK_STRING (receive (&fixture), forms[i].expected);
      tear_down (&fixture);
    }
}

/* "Nov 21 04:00:00", in the local time of now. */
static void
test_stamp (void)
{
  struct fixture fixture;
  char month[4] = "", infix[16] = "";
  int day = 0, hour = 0, minute = 0, second = 0;

  set_up (&fixture, (struct forward_options){ .time = FORWARD_TIME_STAMP });
  forward_text (&fixture, 1, RECORD ("F", "hello"));
  CHECK (sscanf (receive (&fixture), "<27>%3s %d %d:%d:%d %15s", month, &day, &hour, &minute, &second, infix) == 6);
  CHECK (strlen (month) == 3 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 61);
  CHECK_STRING (infix, "web[1]:");
  tear_down (&fixture);
}

static void
test_hostile_text (void)
{
  /* Neither NUL nor bytes that are no UTF-8 nor what looks like a head end a text. */
  static const char record[] = TIME " stdout F <0>\0\xff\xfe\r%s%n\x1b[2J";
  static const char expected[] = "<30> web[1]: <0>\0\xff\xfe\r%s%n\x1b[2J";
  char text[256];
  struct fixture fixture;

  set_up (&fixture, (struct forward_options){ 0 });
  log_forward_records (&fixture.forward, 0, record, sizeof record - 1);
  CHECK (recv (fixture.service, text, sizeof text, 0) == sizeof expected - 1);
  CHECK (memcmp (text, expected, sizeof expected - 1) == 0);
  forward_text (&fixture, 0, RECORD ("F", ""));
  CHECK_STRING (receive (&fixture), "<30> web[1]: ");
  tear_down (&fixture);
}

static void
test_journal (void)
{
  static const char record[] = TIME " stdout P a\0b\nNAME=x";
  static const char expected[] = "CONTAINER_PARTIAL_MESSAGE=true\nPRIORITY=6\nMESSAGE\n\3\0\0\0\0\0\0\0a\0b\n";
  char text[256];
  struct fixture fixture;
  struct forward_options options = { .is_journal = true, .heads = { "PRIORITY=6\nMESSAGE\n", "x" } };

  set_up (&fixture, options);
  /* The line's end is the record's, so that no text can add a field of its own. */
  log_forward_records (&fixture.forward, 0, record, sizeof TIME - 1 + sizeof " stdout P a\0b\n" - 1);
  CHECK (recv (fixture.service, text, sizeof text, 0) == sizeof expected - 1);
  CHECK (memcmp (text, expected, sizeof expected - 1) == 0);
  tear_down (&fixture);
}

static void
test_udp (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  struct fixture fixture;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  CHECK (bind (fd, (struct sockaddr *)&address, size) == 0);
  CHECK (getsockname (fd, (struct sockaddr *)&address, &size) == 0);
  set_up (&fixture, (struct forward_options){ .host = "127.0.0.1", .port = ntohs (address.sin_port) });
  fixture.service = fd;
  forward_text (&fixture, 0, RECORD ("F", "one") RECORD ("F", "two"));
  CHECK_STRING (receive (&fixture), "<30> web[1]: one");
  CHECK_STRING (receive (&fixture), "<30> web[1]: two");
  tear_down (&fixture);
}

/* More than the service's queue and ours can hold. */
static void
test_slow_service (void)
{
  enum
  {
    LINES = 2000
  };
  char text[256], record[128];
  int received = 0, last = -1;
  struct fixture fixture;

  set_up (&fixture, (struct forward_options){ 0 });
  for (int i = 0; i < LINES; i++)
    {
      snprintf (record, sizeof record, RECORD ("F", "%d"), i);
      forward_text (&fixture, 0, record);
    }
  CHECK (fixture.forward.dropped > 0 && fixture.drained == 0);
  CHECK (buffer_length (&fixture.forward.queue) <= fixture.options.max_buffer_bytes);
  for (const char *datagram = receive (&fixture); *datagram; datagram = receive (&fixture), run_loop (&fixture, 0))
    {
      int number = -1;

      received++;
      CHECK (sscanf (datagram, "<30> web[1]: %d", &number) == 1 && number == last + 1);
      last = number;
    }
  CHECK ((uint64_t)received + fixture.forward.dropped == LINES);
  CHECK (fixture.drained == 1);
  CHECK (log_forward_tell (&fixture.forward, text, sizeof text) > 0);
  CHECK (strtoull (text + strlen ("[tsstack: "), NULL, 10) == fixture.forward.dropped);
  CHECK (log_forward_tell (&fixture.forward, text, sizeof text) == 0);
  CHECK (!fixture.forward.service.watch.is_added && !fixture.forward.retry.active); /* nothing wakes us any more */
  tear_down (&fixture);
}

static void
test_absent_service (void)
{
  struct fixture fixture;

  set_up (&fixture, (struct forward_options){ 0 });
  tss_close (&fixture.service);
  forward_text (&fixture, 0, RECORD ("F", "before"));
  CHECK (fixture.forward.retry.active && buffer_length (&fixture.forward.queue) > 0);
  fixture.service = open_service ();
  forward_text (&fixture, 0, RECORD ("F", "after"));
  run_loop (&fixture, 1100);
  CHECK_STRING (receive (&fixture), "<30> web[1]: before");
  CHECK_STRING (receive (&fixture), "<30> web[1]: after");

  /* One that restarts has another socket at the same path. */
  tss_close (&fixture.service);
  fixture.service = open_service ();
  forward_text (&fixture, 0, RECORD ("F", "again"));
  CHECK_STRING (receive (&fixture), "<30> web[1]: again");
  tear_down (&fixture);
}

/* What waits at the end is tried once more. */
static void
test_close (void)
{
  struct fixture fixture;

  set_up (&fixture, (struct forward_options){ 0 });
  tss_close (&fixture.service);
  forward_text (&fixture, 0, RECORD ("F", "last words"));
  fixture.service = open_service ();
  log_forward_close (&fixture.forward);
  CHECK_STRING (receive (&fixture), "<30> web[1]: last words");
  CHECK (fixture.drained == 0);
  tear_down (&fixture);
}

int
main (void)
{
  CHECK (mkdtemp (directory) != NULL);
  snprintf (path, sizeof path, "%s/log", directory);
  test_forms ();
  test_stamp ();
  test_hostile_text ();
  test_journal ();
  test_udp ();
  test_slow_service ();
  test_absent_service ();
  test_close ();
  rmdir (directory);
  return check_finish ("shim-log-forward");
}
