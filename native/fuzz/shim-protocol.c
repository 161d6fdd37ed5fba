/* Whatever a client sends to the shim's socket, in every phase of the container. The server, its clients and all
 * requests are the real ones; the container has ended, so that nothing is forked or signalled. */
#include "../common/cleanup.h"
#include "../shim/shim.h"
#include "../shim/supervise.h"
#include "fuzz.h"
#include "json-mutator.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum
{
  PIECE = 4096,     /* the socket takes it whole */
  NO_PID = INT_MAX, /* above any pid that the kernel gives */
};

static char directory[PATH_MAX], socket_path[PATH_MAX + 16];

static void
remove_directory (void)
{
  rmdir (directory);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  fuzz_make_directory (directory);
  snprintf (socket_path, sizeof socket_path, "%s/socket", directory);
  atexit (remove_directory);
  return 0;
}

static void
stop_loop (void *context)
{
  loop_stop (context);
}

static struct box_container *
make_ended_container (void)
{
  tss_autojson json_t *saved = json_pack ("{s:s, s:s, s:i, s:i, s:{s:b, s:[]}}", "id", "fuzz", "bundle", "/dev/null",
                                          "pid", 0, "pidStartTime", 1, "cgroup", "unified", 0, "directories");
  struct box_container *container = NULL;
  struct tss_error error = { 0 };

  FUZZ_REQUIRE (box_load (saved, NULL, NULL, &container, &error) == 0);
  return container;
}

/* A container between two runs has no box; one that is paused has a process, all others' have ended. */
static void
set_phase (struct shim *shim, unsigned int choice)
{
  static const enum phase phases[] = { PHASE_EXITED, PHASE_RESTARTING, PHASE_RUNNING, PHASE_PAUSED };

  shim->state.phase = phases[choice % TSS_LENGTH (phases)];
  shim->state.pid = NO_PID;
  shim->run.has_started = true;
  shim->run.has_ended = shim->state.phase != PHASE_PAUSED;
  if (shim->state.phase == PHASE_RUNNING || shim->state.phase == PHASE_PAUSED)
    shim->run.box = make_ended_container ();
}

static void
open_shim (struct shim *shim, unsigned int choice)
{
  struct tss_error error = { 0 };

  *shim = (struct shim){ .ready_fd = -1, .server.listener.watch.fd = -1, .log.file.fd = -1 };
  shim->options = (struct shim_options){ .id = "fuzz",
                                         .bundle = "/dev/null/bundle",
                                         .socket = socket_path,
                                         .state_file = "/dev/null/state.json",
                                         .has_stdin = choice & 4,
                                         .stop = { .signal = SIGTERM, .grace_ms = 10000 } };
  shim->state.id = shim->options.id;
  shim->linger = (struct loop_timer){ .function = stop_loop, .context = &shim->loop };
  FUZZ_REQUIRE (loop_open (&shim->loop, &error) == 0);
  scratch_init (&shim->scratch, &shim->loop);
  run_init (shim);
  stop_init (shim);
  supervise_init (shim);
  FUZZ_REQUIRE (log_open (&shim->log, &shim->loop, &shim->scratch, &shim->options.log, &error) == 0);
  set_phase (shim, choice);
  FUZZ_REQUIRE (server_open (shim, &error) == 0);
}

/* As the shim does when it has been idle for a while. */
static void
give_memory_back (struct scratch *scratch)
{
  if (!scratch->memory)
    return;
  scratch->was_used = false;
  scratch->idle.function (scratch->idle.context);
}

static void
close_shim (struct shim *shim)
{
  for (struct client *client = shim->server.clients; client; client = client->next)
    client_close (client);
  fuzz_run_once (&shim->loop);
  FUZZ_REQUIRE (server_is_empty (shim));
  FUZZ_REQUIRE (!shim->sessions);
  sink_close (&shim->run.input);
  give_memory_back (&shim->scratch);
  if (shim->run.box)
    box_forget (shim->run.box);
  server_close_listener (shim);
  log_close (&shim->log);
  loop_close (&shim->loop);
}

/* Reads all that has come. False when the shim has hung up. */
static bool
take_answers (int fd)
{
  static char answers[64 * 1024];
  ssize_t count;

  while ((count = recv (fd, answers, sizeof answers, MSG_DONTWAIT)) > 0)
    continue;
  return count < 0;
}

/* The first byte chooses the circumstances, the rest is what the client sends. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct shim shim;
  int ends[2];
  bool is_open = true;

  if (size < 1)
    return 0;
  open_shim (&shim, data[0]);
  FUZZ_REQUIRE (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  FUZZ_REQUIRE (client_open (&shim, ends[0], NULL) == 0);
  for (size_t at = 1; at < size && is_open;)
    {
      size_t piece = size - at < PIECE ? size - at : PIECE;
      ssize_t sent = send (ends[1], data + at, piece, MSG_NOSIGNAL | MSG_DONTWAIT);

      fuzz_run_once (&shim.loop);
      is_open = take_answers (ends[1]) && (sent > 0 || errno == EAGAIN);
      at += sent > 0 ? (size_t)sent : 0;
    }
  close (ends[1]);
  fuzz_run_once (&shim.loop);
  close_shim (&shim);
  return 0;
}

/* Mutates the JSON of one request and keeps the frames whole, mostly. */
size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t maximum, unsigned int seed)
{
  size_t at = 1, length, tail;
  unsigned int skipped = seed / 16 % 4;

  if (seed % 4 == 0)
    return LLVMFuzzerMutate (data, size, maximum);
  for (;;)
    {
      if (at + FRAME_HEADER_SIZE > size)
        return LLVMFuzzerMutate (data, size, maximum);
      length = data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16;
      if (length > size - at - FRAME_HEADER_SIZE)
        return LLVMFuzzerMutate (data, size, maximum);
      if (data[at + 4] == FRAME_REQUEST && skipped-- == 0)
        break;
      at += FRAME_HEADER_SIZE + length;
    }
  tail = size - at - FRAME_HEADER_SIZE - length;
  {
    tss_autofree uint8_t *payload = malloc (maximum), *rest = malloc (tail + 1);
    size_t room = maximum - at - FRAME_HEADER_SIZE - tail;

    memcpy (payload, data + at + FRAME_HEADER_SIZE, length);
    memcpy (rest, data + size - tail, tail);
    length = json_mutate (payload, length, room < FRAME_PAYLOAD_MAX ? room : FRAME_PAYLOAD_MAX, seed / 64);
    frames_put_header (data + at, FRAME_REQUEST, length);
    memcpy (data + at + FRAME_HEADER_SIZE, payload, length);
    memcpy (data + at + FRAME_HEADER_SIZE + length, rest, tail);
  }
  return at + FRAME_HEADER_SIZE + length + tail;
}
