/* --launcher: starts shims and other helpers for a daemon whose own address space is too large to fork quickly. */
#include "../common/cleanup.h"
#include "../common/error.h"
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

/* A program on its way up: its ready line goes back under its number. */
struct pending
{
  struct watch watch;
  json_int_t seq;
  pid_t pid;
  char *text;
  size_t size;
};

static void
reply (json_t *message)
{
  char *text = json_dumps (message, JSON_COMPACT);
  json_decref (message);
  if (text == NULL)
    return;
  dprintf (STDOUT_FILENO, "%s\n", text);
  free (text);
}

static void
reply_error (json_int_t seq, enum tss_error_code code, int number, const char *message)
{
  struct tss_error error = { 0 };
  tss_error_set (&error, code, number, "", "%s", message);
  reply (json_pack ("{s:I, s:o}", "seq", seq, "error", tss_error_to_json (&error)));
}

static void
on_ready_line (struct watch *watch, uint32_t events)
{
  struct pending *pending = watch->owner;
  char chunk[4096];
  (void)events;
  ssize_t count = TSS_RETRY (read (watch->fd, chunk, sizeof chunk));
  if (count > 0)
    {
      char *grown = realloc (pending->text, pending->size + (size_t)count);
      if (grown == NULL)
        return;
      memcpy (grown + pending->size, chunk, (size_t)count);
      pending->text = grown;
      pending->size += (size_t)count;
      if (chunk[count - 1] != '\n')
        return;
    }
  json_t *message = pending->size > 0 ? json_loadb (pending->text, pending->size, 0, NULL) : NULL;
  if (json_is_object (message))
    {
      json_object_set_new (message, "seq", json_integer (pending->seq));
      if (json_object_get (message, "error") == NULL)
        json_object_set_new (message, "pid", json_integer (pending->pid));
      reply (message);
    }
  else
    {
      json_decref (message);
      reply_error (pending->seq, TSS_ERROR_INTERNAL, 0, "the program ended before it was ready; its log may say why");
    }
  watch_close (watch);
  free (pending->text);
  free (pending);
}

/* In the grandchild, which nobody waits for. */
static void __attribute__ ((noreturn)) become (char *const argv[], int ready, const char *log_path)
{
  char number[16];
  sigset_t none;
  int devnull = open ("/dev/null", O_RDWR);
  int log = log_path != NULL ? open (log_path, O_WRONLY | O_APPEND | O_CREAT, 0600) : devnull;
  dup2 (devnull, 0);
  dup2 (log < 0 ? devnull : log, 1);
  dup2 (log < 0 ? devnull : log, 2);
  if (ready != 3)
    dup2 (ready, 3);
  else
    fcntl (3, F_SETFD, 0);
  close_range (4, ~0U, 0);
  snprintf (number, sizeof number, "%d", 3);
  setenv ("TSSTACK_READY_FD", number, 1);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (chdir ("/") == 0)
    execv (argv[0], argv);
  dprintf (3, "{\"error\":{\"code\":\"io\",\"message\":\"execute %s: %s\",\"errno\":\"%s\",\"path\":\"\"}}\n", argv[0],
           strerror (errno), tss_errno_name (errno));
  _exit (127);
}

static void
start (json_int_t seq, char *const argv[], const char *log_path)
{
  int ready[2], numbers[2];
  pid_t grandchild = 0;
  if (pipe2 (ready, O_CLOEXEC) < 0 || pipe2 (numbers, O_CLOEXEC) < 0)
    {
      reply_error (seq, TSS_ERROR_IO, errno, "make a pipe");
      return;
    }
  pid_t child = fork ();
  if (child == 0)
    {
      setsid ();
      grandchild = fork ();
      if (grandchild == 0)
        become (argv, ready[1], log_path);
      (void)!write (numbers[1], &grandchild, sizeof grandchild);
      _exit (0);
    }
  close (ready[1]);
  close (numbers[1]);
  if (child > 0)
    {
      (void)!TSS_RETRY (read (numbers[0], &grandchild, sizeof grandchild));
      TSS_RETRY (waitpid (child, NULL, 0));
    }
  close (numbers[0]);
  struct pending *pending = calloc (1, sizeof *pending);
  if (child < 0 || grandchild <= 0 || pending == NULL)
    {
      close (ready[0]);
      free (pending);
      reply_error (seq, TSS_ERROR_IO, errno, "start a process");
      return;
    }
  pending->seq = seq;
  pending->pid = grandchild;
  pending->watch = (struct watch){ .fd = ready[0], .ready = on_ready_line, .owner = pending };
  watch_add (&pending->watch, EPOLLIN);
}

static void
handle_line (const char *line, size_t size)
{
  json_t *request = json_loadb (line, size, 0, NULL);
  json_int_t seq = json_integer_value (json_object_get (request, "seq"));
  const char *shim = json_string_value (json_object_get (request, "shim"));
  const json_t *spawn = json_object_get (request, "spawn");
  if (shim != NULL)
    {
      char *argv[] = { (char[]){ "/proc/self/exe" }, (char[]){ "--config" }, (char *)(uintptr_t)shim, NULL };
      start (seq, argv, NULL);
    }
  else if (json_array_size (spawn) > 0)
    {
      size_t count = json_array_size (spawn);
      char **argv = calloc (count + 1, sizeof *argv);
      for (size_t i = 0; argv != NULL && i < count; i++)
        argv[i] = (char *)(uintptr_t)json_string_value (json_array_get (spawn, i));
      if (argv != NULL && argv[0] != NULL)
        start (seq, argv, json_string_value (json_object_get (request, "log")));
      free (argv);
    }
  else
    reply_error (seq, TSS_ERROR_INVALID, 0, "a request needs `shim` or `spawn`");
  json_decref (request);
}

struct input
{
  struct watch watch;
  char *text;
  size_t size;
  bool ended;
};

static void
on_input (struct watch *watch, uint32_t events)
{
  struct input *input = watch->owner;
  char chunk[65536];
  (void)events;
  ssize_t count = TSS_RETRY (read (watch->fd, chunk, sizeof chunk));
  if (count <= 0)
    {
      input->ended = true;
      return;
    }
  char *grown = realloc (input->text, input->size + (size_t)count);
  if (grown == NULL)
    return;
  memcpy (grown + input->size, chunk, (size_t)count);
  input->text = grown;
  input->size += (size_t)count;
  char *line = input->text, *end = input->text + input->size, *newline;
  while ((newline = memchr (line, '\n', (size_t)(end - line))) != NULL)
    {
      handle_line (line, (size_t)(newline - line));
      line = newline + 1;
    }
  input->size = (size_t)(end - line);
  memmove (input->text, line, input->size);
}

int
launcher_main (void)
{
  struct input input = { .watch = { .fd = STDIN_FILENO, .ready = on_input } };
  input.watch.owner = &input;
  signal (SIGPIPE, SIG_IGN);
  if (watch_open_loop () < 0 || watch_add (&input.watch, EPOLLIN) < 0)
    return 1;
  while (!input.ended)
    if (watch_run_once () < 0)
      return 1;
  return 0;
}
