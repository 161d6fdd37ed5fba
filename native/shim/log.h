/* The container's log: output of both streams as records in files. When the disk is full the log is blocked: either
 * the container's pipes are left alone and fill up until writing works again, so that nothing is lost; or, in the mode
 * non-blocking, output is read on and what does not fit into a buffer is dropped and counted. */
#ifndef TSSTACK_SHIM_LOG_H
#define TSSTACK_SHIM_LOG_H

#include "../common/buffer.h"
#include "log-file.h"
#include "log-forward.h"
#include "log-overflow.h"
#include "scratch.h"

struct log_stream
{
  const char *name;
  struct buffer rest; /* an unfinished line; while the log is blocked all that followed, too */
  bool is_cut;        /* the beginning of the line that comes next was dropped */
};

struct log
{
  struct loop *loop;
  struct scratch *scratch;
  struct log_file file;
  struct log_stream streams[2];
  struct buffer unwritten; /* records that the disk did not take */
  bool blocked;
  int error_number; /* why it is blocked */
  struct log_overflow overflow;
  struct log_forward forward;
  /* Something is dropped, for the first time since all that was dropped was told; or the last of it was told. */
  void (*overflowed) (void *context);
  struct loop_timer retry;
  void (*unblocked) (void *context);
  void *context;
};

int log_open (struct log *log, struct loop *loop, struct scratch *scratch, const struct log_options *options,
              struct tss_error *error);

/* Takes output of stream 0 or 1; DATA lies in scratch_input. While the log is blocked it keeps the output in memory, so
 * that the caller does well to read no more than it must. */
void log_append (struct log *log, int stream, char *data, size_t size);

/* Whether the container has to wait until the disk takes its output. */
bool log_is_full (const struct log *log);

/* True when PID was a child of the log's own. */
bool log_child_ended (struct log *log, pid_t pid, int status);

/* The stream's writers are gone: their end is the end of an unfinished line, too. */
void log_end_stream (struct log *log, int stream);

/* Forgets what could not be written. Returns the number of bytes. */
size_t log_discard (struct log *log);

void log_close (struct log *log);

#endif
