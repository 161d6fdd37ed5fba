/* The shim's own process. */
#include "self.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

/* Killed last but for the untouchable (-1000): with the shim the kernel would take the container's log and its exit
 * code. */
#define OOM_SCORE "-998"

static int
read_oom_score (void)
{
  char text[16];

  return tss_read_small_file_at (AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof text) < 0 ? 0 : atoi (text);
}

int
self_prepare (int *oom_score, struct tss_error *error)
{
  /* Blocks of this size go back to the kernel when they are freed. */
  mallopt (M_MMAP_THRESHOLD, 64 * 1024);
  mallopt (M_TRIM_THRESHOLD, 64 * 1024);
  *oom_score = read_oom_score ();
  /* Lowering it takes a privilege; without it the shim is as likely a victim as others of its size. */
  (void)!tss_write_text_at (AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE);
  prctl (PR_SET_NAME, "tsstack-shim");
  umask (022);
  setsid (); /* fails, and is not needed, under the launcher */
  if (chdir ("/") < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "prepare the shim's process");
  return 0;
}

int
self_open_signals (struct tss_error *error)
{
  static const int handled[] = { SIGCHLD, SIGTERM, SIGINT };
  sigset_t set;
  int fd;

  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a limit on file sizes fails a write of the log, and shall not end the shim */
  sigemptyset (&set);
  for (size_t i = 0; i < TSS_LENGTH (handled); i++)
    sigaddset (&set, handled[i]);
  sigprocmask (SIG_SETMASK, &set, NULL);
  fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "open a signal descriptor");
  return fd;
}
