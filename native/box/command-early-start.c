/* `start` without the C library, which takes longer to begin than all the rest of that command. */
#include "command-early-start.h"
#include "../common/raw-text.h"
#include "channel.h"
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char socket_name[] = "start.sock";

/* One more than the descriptor; 0: none. */
static int connection;

struct request
{
  const char *root, *id;
};

/* An id that is no file name gets its error later. */
TSS_BEFORE_LIBC static bool
is_file_name (const char *text)
{
  if (!*text || *text == '-' || *text == '.')
    return false;
  for (; *text; text++)
    {
      TSS_KEEP_LOOP ();
      if (*text == '/')
        return false;
    }
  return true;
}

/* Nothing is logged of a start that succeeds. */
TSS_BEFORE_LIBC static bool
is_about_log (const char *option, const char *value)
{
  return tss_raw_equals (option, "--log")
         || (tss_raw_equals (option, "--log-format")
             && (tss_raw_equals (value, "json") || tss_raw_equals (value, "text")));
}

/* [--root DIRECTORY] [--log FILE] [--log-format FORMAT] start ID, as engines call it. */
TSS_BEFORE_LIBC static bool
parse (char *const *words, struct request *request)
{
  request->root = COMMAND_DEFAULT_ROOT;
  for (; words[0] && words[1]; words += 2)
    {
      TSS_KEEP_LOOP ();
      if (tss_raw_equals (words[0], "--root"))
        request->root = words[1];
      else if (!is_about_log (words[0], words[1]))
        break;
    }
  if (!words[0] || !tss_raw_equals (words[0], "start") || !words[1] || words[2])
    return false;
  request->id = words[1];
  return is_file_name (request->id);
}

TSS_BEFORE_LIBC static int
open_record (const struct request *request)
{
  char path[PATH_MAX];
  const char *end = path + sizeof path;
  char *at = tss_raw_append (path, end, request->root);

  at = tss_raw_append (at, end, "/");
  if (!tss_raw_append (at, end, request->id))
    return -1;
  return (int)tss_raw_syscall (SYS_openat, AT_FDCWD, TSS_RAW (path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
}

TSS_BEFORE_LIBC static void
close_raw (int fd)
{
  tss_raw_syscall (SYS_close, fd, 0, 0, 0, 0);
}

/* Descriptors have one digit this early, unless the caller has left many open. */
TSS_BEFORE_LIBC static int
connect_to (int record)
{
  struct sockaddr_un address;
  const char *end = address.sun_path + sizeof address.sun_path;
  const char digit[] = { (char)('0' + record), '\0' };
  char *at = tss_raw_append (address.sun_path, end, "/proc/self/fd/");
  int fd;

  at = tss_raw_append (at, end, digit);
  at = tss_raw_append (at, end, "/");
  at = tss_raw_append (at, end, socket_name);
  address.sun_family = AF_UNIX;
  if (record > 9 || !at)
    return -1;
  fd = (int)tss_raw_syscall (SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0);
  if (fd >= 0 && tss_raw_syscall (SYS_connect, fd, TSS_RAW (&address), (char *)at + 1 - (char *)&address, 0, 0) < 0)
    {
      close_raw (fd);
      return -1;
    }
  return fd;
}

TSS_BEFORE_LIBC static bool
ask (int fd)
{
  static const struct box_message question = { .kind = BOX_MESSAGE_START_PLAINLY };
  /* After that long a silence the rest of the program looks for its reason. */
  static const struct timeval patience = { .tv_sec = BOX_PATIENCE_S };
  struct iovec part = { .iov_base = (void *)(uintptr_t)&question, .iov_len = sizeof question };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

  tss_raw_syscall (SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, TSS_RAW (&patience), sizeof patience);
  return tss_raw_syscall (SYS_sendmsg, fd, TSS_RAW (&packet), MSG_NOSIGNAL, 0, 0) == sizeof question;
}

/* Whether the container has become its program, and so says nothing. What it says stays to be read. */
TSS_BEFORE_LIBC static bool
is_started (int fd)
{
  char byte;
  struct iovec part = { .iov_base = &byte, .iov_len = sizeof byte };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

  return tss_raw_syscall (SYS_recvmsg, fd, TSS_RAW (&packet), MSG_PEEK, 0, 0) == 0;
}

/* By this socket a container is known as one that has not been started. */
TSS_BEFORE_LIBC static bool
remove_socket (int record)
{
  long result = tss_raw_syscall (SYS_unlinkat, record, TSS_RAW (socket_name), 0, 0, 0);

  return result == 0 || result == -ENOENT;
}

/* Returns where the container has been asked, or -1: then nothing may be left open at which it would wait for us. */
TSS_BEFORE_LIBC static int
converse (int record)
{
  int fd = connect_to (record);

  if (fd < 0)
    return -1;
  if (!ask (fd))
    {
      close_raw (fd);
      return -1;
    }
  if (is_started (fd) && remove_socket (record))
    tss_raw_syscall (SYS_exit_group, 0, 0, 0, 0, 0);
  return fd;
}

TSS_BEFORE_LIBC void
command_early_start (char *const arguments[])
{
  struct request request;
  int record;

  if (!arguments[0] || !parse (arguments + 1, &request))
    return;
  record = open_record (&request);
  if (record < 0)
    return;
  connection = converse (record) + 1;
  close_raw (record);
}

int
command_early_connection (void)
{
  return connection - 1;
}
