/* The shim's socket and its clients. */
#ifndef TSSTACK_SHIM_SERVER_H
#define TSSTACK_SHIM_SERVER_H

#include "../common/listener.h"
#include "client.h"
#include "state.h"

struct server
{
  struct listener listener;
  struct client *clients;
  struct loop_timer sweep;
};

/* Listens at the path of the options, where no living shim may listen. */
int server_open (struct shim *shim, struct tss_error *error);

/* Lets nobody in any more. */
void server_close_listener (struct shim *shim);

/* Tells every subscriber. */
void server_send_event (struct shim *shim, const char *name);

/* Hands the container's output to those who are attached. */
void server_send_output (struct shim *shim, int stream, const char *data, size_t size);

/* True while the container's output has to wait for one of those who are attached. */
bool server_is_full (const struct shim *shim);

/* True while somebody who is waited for has not read everything. */
bool server_is_being_read (const struct shim *shim);

/* Those who are attached hear how the run has ended, and are attached no more. */
void server_end_attachments (struct shim *shim, const struct run_record *run);

/* Replies to all who wait: with ERROR, or, when that is NULL, with the state. */
void server_answer (struct shim *shim, enum wait_kind kind, const struct tss_error *error);

/* The container's input takes data again. */
void server_resume_input (struct shim *shim, const struct sink *sink);

/* Lets everybody go who has got all output. */
void server_dismiss (struct shim *shim);
bool server_is_empty (const struct shim *shim);

/* Closed clients are freed at the end of the round: until then functions further up the stack may use them. Nothing
 * else takes a client out of the list or frees one. */
void server_sweep_later (struct shim *shim);

/* {"exitCode","signal","error"} of a frame of type exit. */
json_t *server_exit_to_json (int exit_code, int signal);

#endif
