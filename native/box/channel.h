/* The conversation between the caller and the container's first process until that process becomes the user's program.
 *
 * A sequenced-packet socket pair, one message a packet. Both ends close on exec, so that end of file tells the caller
 * that the exec has succeeded. */
#ifndef TSSTACK_BOX_CHANNEL_H
#define TSSTACK_BOX_CHANNEL_H

#include "../common/error.h"
#include "patience.h"

#include <sys/types.h>

enum box_message_kind
{
  BOX_MESSAGE_END,      /* never sent: end of file */
  BOX_MESSAGE_CREATED,  /* child: all is set up; with the terminal's master side, when there is one */
  BOX_MESSAGE_FAILED,   /* child: error says why; it has ended */
  BOX_MESSAGE_WARNING,  /* child: error.message; it goes on */
  BOX_MESSAGE_CGROUP,   /* caller: the cgroup is there, with all its limits */
  BOX_MESSAGE_BORN,     /* stage: the container's first process is there; pid, with a descriptor of it */
  BOX_MESSAGE_MOUNTED,  /* child: everything is mounted; sent only when there are hooks to run now */
  BOX_MESSAGE_CONTINUE, /* caller: the hooks have run, or somebody listens */
  BOX_MESSAGE_START,    /* caller: run the program */
  /* caller: the same, if the caller has nothing else to do for it; child: it has */
  BOX_MESSAGE_START_PLAINLY,
  BOX_MESSAGE_REFUSED,
  BOX_MESSAGE_LISTENER, /* child: its filter is on and has a descriptor to listen at, with that number in the child */
};

struct box_message
{
  enum box_message_kind kind;
  pid_t pid;    /* of BORN */
  int listener; /* of LISTENER */
  struct tss_error error;
};

/* One end, as the process that uses it sees it. */
struct box_channel
{
  int fd;
  struct box_patience patience;
};

int box_channel_open (struct box_channel *caller, struct box_channel *child, struct tss_error *error);
void box_channel_close (struct box_channel *channel);

/* From now on box_channel_receive fails with EAGAIN after BOX_PATIENCE_S of silence. */
void box_channel_set_patience (struct box_channel *channel, struct box_patience patience);

/* Sends one message; *FD, when it is not -1, goes with it and stays open here. */
int box_channel_send (struct box_channel *channel, const struct box_message *message, int fd);
int box_channel_send_kind (struct box_channel *channel, enum box_message_kind kind);

/* Waits for one message. *FD, when FD is not NULL, becomes the descriptor that came with it, or -1. */
int box_channel_receive (struct box_channel *channel, struct box_message *message, int *fd);

/* Plain bytes as one packet; the receiver knows when to expect them. Receiving returns the length, or -1. */
int box_channel_send_bytes (struct box_channel *channel, const void *bytes, size_t size);
ssize_t box_channel_receive_bytes (struct box_channel *channel, void *bytes, size_t size);

/* The same by nothing but write and read, for a process under a filter that decides on all else. */
int box_channel_send_plainly (struct box_channel *channel, const struct box_message *message);
int box_channel_receive_plainly (struct box_channel *channel, struct box_message *message);

/* A message to the caller that something was done less well than asked for. */
void box_channel_warn (struct box_channel *channel, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
