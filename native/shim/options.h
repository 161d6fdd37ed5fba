/* shim.json: what the agent wants of this shim (docs/native.md, section 2). */
#ifndef TSSTACK_SHIM_OPTIONS_H
#define TSSTACK_SHIM_OPTIONS_H

#include "../box/box.h"
#include "restart.h"

/* Whoever wants something to last longer than any machine may say so: what every program can write as a number in JSON,
 * and safe to double and to add to a clock. */
#define SHIM_LONGEST_MS ((UINT64_C (1) << 53) - 1)

struct stop_options
{
  int signal;
  int64_t grace_ms; /* -1: for ever */
};

enum forward_time
{
  FORWARD_TIME_NONE,
  FORWARD_TIME_STAMP,        /* "Nov 21 04:00:00", local */
  FORWARD_TIME_SECONDS,      /* RFC 3339 */
  FORWARD_TIME_MICROSECONDS, /* RFC 3339 */
};

/* A logging service that gets every record as a datagram or, by TCP, as a line: a head for the stream, the time, the
 * infix, the text. */
struct forward_options
{
  const char *socket; /* path, or NULL: */
  const char *host;   /* address */
  uint64_t port;
  const char *heads[2]; /* of stdout and stderr; NULL: nothing is forwarded */
  enum forward_time time;
  const char *infix;
  bool is_stream;  /* TCP to the host, instead of UDP */
  bool is_journal; /* the text comes after its length, in binary */
};

struct log_options
{
  const char *path;   /* NULL: output is not kept */
  uint64_t max_bytes; /* 0: no limit */
  uint64_t max_files; /* counts the current one */
  bool compress;      /* rotated files, by gzip */
  bool drops;         /* mode non-blocking: while the disk is full what does not fit into the buffer is lost */
  uint64_t max_buffer_bytes;
  struct forward_options forward;
};

/* The strings belong to DOCUMENT. */
struct shim_options
{
  json_t *document;
  const char *id, *bundle, *socket, *state_file, *cgroup;
  const char *runtime; /* another OCI runtime's program; NULL: libbox, in process */
  bool autostart, has_stdin, has_overlay;
  const char **lower;
  struct box_overlay overlay;
  struct restart_policy restart;
  struct stop_options stop;
  struct log_options log;
};

int options_load (const char *path, struct shim_options *options, struct tss_error *error);
void options_free (struct shim_options *options);

/* Read the members that are present into *RESTART or *STOP; also used by the request `update`. */
int options_read_restart (const json_t *object, struct restart_policy *restart, struct tss_error *error);
int options_read_stop (const json_t *object, struct stop_options *stop, struct tss_error *error);

/* A signal by name, with or without SIG, or by number; at WHERE in a document. */
int options_read_signal (const json_t *value, const char *where, int *signal, struct tss_error *error);

#endif
