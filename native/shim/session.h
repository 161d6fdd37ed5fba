/* Exec: a further process in the container, and the connection that carries its stdio. */
#ifndef TSSTACK_SHIM_SESSION_H
#define TSSTACK_SHIM_SESSION_H

#include "client.h"
#include "pump.h"
#include "sink.h"

#include <sys/types.h>

struct session_options
{
  const json_t *process; /* borrowed for the call */
  bool has_stdin, is_detached, is_privileged;
  int64_t timeout_ms; /* -1: none */
};

struct session
{
  struct shim *shim;
  struct session *next;
  struct client *client; /* NULL: detached, or disconnected */
  pid_t pid;
  bool is_terminal, has_ended, is_timed_out;
  int status; /* as waitpid has it */
  struct pump outputs[2];
  struct sink input;
  struct loop_timer timeout, drain;
};

/* Starts the process. Returns its pid, or -1. */
pid_t session_open (struct client *client, const struct session_options *options, struct tss_error *error);

/* True when PID was a session's process. */
bool session_process_ended (struct shim *shim, pid_t pid, int status);

struct sink *session_input (struct session *session);
int session_resize (struct session *session, unsigned short rows, unsigned short columns, struct tss_error *error);

/* The client has read everything: more may come. */
void session_resume (struct session *session);

/* The client is gone: its process is not wanted any more. */
void session_lose_client (struct session *session);

#endif
