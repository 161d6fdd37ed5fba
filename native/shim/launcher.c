/* `tsstack-shim --launcher`: starts shims and other helpers for the daemon. */
#include "launcher.h"
#include "../common/buffer.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "../common/loop.h"
#include "detach.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

enum
{
  READ_SIZE = 16 * 1024,
  /* A request is a path or two; a state is a few KiB. Whoever sends more is broken. */
  LINE_MAX_BYTES = 1024 * 1024,
};

struct launcher
{
  struct loop loop;
  struct loop_watch input, output;
  struct buffer requests, replies;
};

/* A program that has been started and has not said yet that it is ready. */
struct pending
{
  struct launcher *launcher;
  struct loop_watch watch;
  struct buffer text;
  json_int_t seq, pid;
};

static void
on_output (void *context, uint32_t events)
{
  struct launcher *launcher = context;

  (void)events;
  while (buffer_length (&launcher->replies) > 0)
    {
      ssize_t count = TSS_RETRY (
          write (launcher->output.fd, buffer_bytes (&launcher->replies), buffer_length (&launcher->replies)));

      if (count < 0)
        {
          if (errno != EAGAIN)
            loop_stop (&launcher->loop); /* the daemon is gone */
          break;
        }
      buffer_consume (&launcher->replies, (size_t)count);
    }
  loop_set (&launcher->loop, &launcher->output, buffer_length (&launcher->replies) > 0 ? EPOLLOUT : LOOP_OFF, NULL);
}

/* Whoever waits for an answer must not wait for ever: the daemon starts another launcher when this one ends. */
static void
end_without_memory (struct launcher *launcher)
{
  fprintf (stderr, "tsstack-shim: no memory for a request and its answer\n");
  loop_stop (&launcher->loop);
}

static void
reply (struct launcher *launcher, json_int_t seq, json_t *message)
{
  tss_autojson json_t *owned = message;
  tss_autofree char *text
      = json_object_set_new (owned, "seq", json_integer (seq)) == 0 ? tss_json_format (owned) : NULL;

  if (text && buffer_append (&launcher->replies, text, strlen (text)) && buffer_append (&launcher->replies, "\n", 1))
    on_output (launcher, 0);
  else
    end_without_memory (launcher);
}

static void
reply_error (struct launcher *launcher, json_int_t seq, const struct tss_error *error)
{
  reply (launcher, seq, json_pack ("{s:o}", "error", tss_error_to_json (error)));
}

static void
free_pending (struct pending *pending)
{
  loop_close_watch (&pending->launcher->loop, &pending->watch);
  buffer_free (&pending->text);
  free (pending);
}

/* The first line holds the pid; the second is the answer. */
static bool
handle_ready_line (struct pending *pending, const char *line, size_t length)
{
  json_t *message = json_loadb (line, length, 0, NULL);
  json_t *pid = json_object_get (message, "pid");

  if (pending->pid == 0 && json_is_integer (pid))
    {
      pending->pid = json_integer_value (pid);
      json_decref (message);
      return false;
    }
  if (!json_is_object (message))
    {
      struct tss_error error = { 0 };

      json_decref (message);
      tss_error_set (&error, TSS_ERROR_INTERNAL, 0, "", "the program said something strange when it started");
      reply_error (pending->launcher, pending->seq, &error);
      return true;
    }
  if (!json_object_get (message, "error"))
    json_object_set_new (message, "pid", json_integer (pending->pid));
  reply (pending->launcher, pending->seq, message);
  return true;
}

static bool
handle_ready_lines (struct pending *pending)
{
  const char *newline;

  while (buffer_length (&pending->text) > 0
         && (newline = memchr (buffer_bytes (&pending->text), '\n', buffer_length (&pending->text))))
    {
      size_t length = (size_t)(newline - buffer_bytes (&pending->text));

      if (handle_ready_line (pending, buffer_bytes (&pending->text), length))
        return true;
      buffer_consume (&pending->text, length + 1);
    }
  return false;
}

static void
on_ready (void *context, uint32_t events)
{
  struct pending *pending = context;
  char chunk[READ_SIZE];
  ssize_t count = TSS_RETRY (read (pending->watch.fd, chunk, sizeof chunk));

  (void)events;
  if (count > 0 && buffer_length (&pending->text) < LINE_MAX_BYTES
      && buffer_append (&pending->text, chunk, (size_t)count))
    {
      if (handle_ready_lines (pending))
        free_pending (pending);
      return;
    }
  struct tss_error error = { 0 };

  tss_error_set (&error, TSS_ERROR_INTERNAL, 0, "", "the program ended before it was ready; its log may say why");
  reply_error (pending->launcher, pending->seq, &error);
  free_pending (pending);
}

static int
start (struct launcher *launcher, json_int_t seq, const struct detach_options *options, struct tss_error *error)
{
  struct pending *pending = calloc (1, sizeof *pending);

  if (!pending)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "", "remember a program");
  *pending = (struct pending){ .launcher = launcher, .seq = seq };
  pending->watch = (struct loop_watch){ .fd = -1, .function = on_ready, .context = pending };
  if (detach_start (options, &pending->watch.fd, error) == 0
      && loop_set (&launcher->loop, &pending->watch, EPOLLIN, error) == 0)
    return 0;
  free_pending (pending);
  return -1;
}

static int
start_shim (struct launcher *launcher, json_int_t seq, const char *path, struct tss_error *error)
{
  /* Our own file is the sealed copy in memory (common/sealed-exec.h), which all shims share. */
  const char *arguments[] = { "tsstack-shim", "--config", path, NULL };
  struct detach_options options = { .program = "/proc/self/exe", .arguments = (char *const *)(uintptr_t)arguments };

  return start (launcher, seq, &options, error);
}

static int
start_helper (struct launcher *launcher, json_int_t seq, const json_t *request, struct tss_error *error)
{
  tss_autofree const char **arguments = NULL;
  struct detach_options options = { 0 };

  if (tss_json_get_strings (request, "spawn", "", &arguments, error) < 0
      || tss_json_get_string (request, "log", "", &options.log_path, error) < 0)
    return -1;
  if (!arguments || !arguments[0])
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "spawn", "a request needs `shim` or `spawn`");
  options.program = arguments[0];
  options.arguments = (char *const *)(uintptr_t)arguments;
  return start (launcher, seq, &options, error);
}

static void
handle_request (struct launcher *launcher, const char *line, size_t length)
{
  json_error_t parse_error = { 0 };
  tss_autojson json_t *request = json_loadb (line, length, 0, &parse_error);
  json_int_t seq = json_integer_value (json_object_get (request, "seq"));
  const char *shim = NULL;
  struct tss_error error = { 0 };
  int result = tss_json_get_string (request, "shim", "", &shim, &error);

  /* Without memory the parser gives up without a word. */
  if (!request && parse_error.text[0] == '\0')
    {
      end_without_memory (launcher);
      return;
    }
  if (result == 0)
    result = shim ? start_shim (launcher, seq, shim, &error) : start_helper (launcher, seq, request, &error);
  if (result < 0)
    reply_error (launcher, seq, &error);
}

static void
handle_requests (struct launcher *launcher)
{
  const char *newline;

  while (buffer_length (&launcher->requests) > 0
         && (newline = memchr (buffer_bytes (&launcher->requests), '\n', buffer_length (&launcher->requests))))
    {
      size_t length = (size_t)(newline - buffer_bytes (&launcher->requests));

      handle_request (launcher, buffer_bytes (&launcher->requests), length);
      buffer_consume (&launcher->requests, length + 1);
    }
}

static void
on_input (void *context, uint32_t events)
{
  struct launcher *launcher = context;
  char chunk[READ_SIZE];
  ssize_t count = TSS_RETRY (read (launcher->input.fd, chunk, sizeof chunk));

  (void)events;
  if (count < 0)
    fprintf (stderr, "tsstack-shim: read requests: %s\n", strerror (errno));
  if (count <= 0 || buffer_length (&launcher->requests) > LINE_MAX_BYTES
      || !buffer_append (&launcher->requests, chunk, (size_t)count))
    loop_stop (&launcher->loop);
  else
    handle_requests (launcher);
}

int
launcher_run (void)
{
  static struct launcher launcher;
  struct tss_error error = { 0 };

  prctl (PR_SET_NAME, "tsstack-launch");
  signal (SIGPIPE, SIG_IGN);
  launcher.input = (struct loop_watch){ .fd = STDIN_FILENO, .function = on_input, .context = &launcher };
  launcher.output = (struct loop_watch){ .fd = STDOUT_FILENO, .function = on_output, .context = &launcher };
  if (fcntl (STDOUT_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
    tss_error_set (&error, TSS_ERROR_INTERNAL, errno, "", "prepare the output");
  if (error.code != TSS_ERROR_NONE || loop_open (&launcher.loop, &error) < 0
      || loop_set (&launcher.loop, &launcher.input, EPOLLIN, &error) < 0 || loop_run (&launcher.loop, &error) < 0)
    {
      fprintf (stderr, "tsstack-shim: %s\n", error.message);
      return 1;
    }
  return 0;
}
