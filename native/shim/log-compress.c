/* Compression of rotated log files, in a child. */
#include "log-compress.h"
#include "../common/cleanup.h"
#include "../common/file.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

enum
{
  SOURCE_FD = 3,
  TARGET_FD = 4,
  CHUNK = 64 * 1024,
  /* Nobody waits for it; the container and its log come first. */
  NICENESS = 10,
  /* As gzip writes it: header and trailer around the deflated bytes. */
  GZIP_WINDOW = 15 + 16,
  /* zlib's default. */
  MEMORY_LEVEL = 8,
};

/* The trailer has 32 bits for the size, which readers use for seeking. */
#define LARGEST_FILE (UINT64_C (4) * 1024 * 1024 * 1024)

struct gzip
{
  z_stream stream;
  gz_header header;
  char comment[96];
  unsigned char input[CHUNK], output[CHUNK];
};

/* Lets a reader that has the plain file open know that this one is the same. */
static bool
begin_gzip (struct gzip *gzip)
{
  struct stat status;

  if (fstat (SOURCE_FD, &status) < 0
      /* The text of a log shrinks by nine tenths at the fastest level, and by a little more at the others. */
      || deflateInit2 (&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
    return false;
  snprintf (gzip->comment, sizeof gzip->comment, "inode=%llu mtime=%lld%09ld", (unsigned long long)status.st_ino,
            (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  gzip->header = (gz_header){ .comment = (Bytef *)gzip->comment, .os = 3 };
  return deflateSetHeader (&gzip->stream, &gzip->header) == Z_OK;
}

static bool
write_output (struct gzip *gzip, int flush)
{
  do
    {
      gzip->stream.next_out = gzip->output;
      gzip->stream.avail_out = CHUNK;
      if (deflate (&gzip->stream, flush) == Z_STREAM_ERROR
          || tss_write_all (TARGET_FD, gzip->output, CHUNK - gzip->stream.avail_out) < 0)
        return false;
    }
  while (gzip->stream.avail_out == 0);
  return true;
}

static bool
copy_compressed (struct gzip *gzip)
{
  for (;;)
    {
      ssize_t count = TSS_RETRY (read (SOURCE_FD, gzip->input, CHUNK));

      if (count < 0)
        return false;
      gzip->stream.next_in = gzip->input;
      gzip->stream.avail_in = (uInt)count;
      if (!write_output (gzip, count == 0 ? Z_FINISH : Z_NO_FLUSH))
        return false;
      if (count == 0)
        return true;
    }
}

/* In the child: keeps the two files and lets go of everything else, since a pipe or socket that stays open somewhere
 * never ends. */
static void
leave_shim (int source, int target, pid_t shim)
{
  sigset_t none;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != shim)
    _exit (1);
  prctl (PR_SET_NAME, "tsstack-gzip");
  (void)!tss_write_text_at (AT_FDCWD, "/proc/self/oom_score_adj", "0");
  setpriority (PRIO_PROCESS, 0, NICENESS);
  /* Copies first: one may be in the other's place. */
  source = fcntl (source, F_DUPFD_CLOEXEC, TARGET_FD + 1);
  target = fcntl (target, F_DUPFD_CLOEXEC, TARGET_FD + 1);
  if (dup2 (source, SOURCE_FD) < 0 || dup2 (target, TARGET_FD) < 0 || close_range (TARGET_FD + 1, ~0U, 0) < 0)
    _exit (1);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static _Noreturn void
run_child (int source, int target, pid_t shim)
{
  static struct gzip gzip;

  leave_shim (source, target, shim);
  _exit (begin_gzip (&gzip) && copy_compressed (&gzip) ? 0 : 1);
}

static bool
make_name (char name[PATH_MAX], const struct log_options *options, uint64_t number, const char *suffix)
{
  return (size_t)snprintf (name, PATH_MAX, "%s.%llu%s", options->path, (unsigned long long)number, suffix) < PATH_MAX;
}

static bool
make_partial_name (char name[PATH_MAX], const struct log_options *options)
{
  return (size_t)snprintf (name, PATH_MAX, "%s.gz.partial", options->path) < PATH_MAX;
}

/* False when there is nothing to compress under that number. */
static bool
start_child (struct log_compress *compress, uint64_t number)
{
  char name[PATH_MAX], partial[PATH_MAX];
  tss_autofd int source = -1;
  tss_autofd int target = -1;
  struct stat status;
  pid_t shim = getpid ();

  if (!make_name (name, compress->options, number, "") || !make_partial_name (partial, compress->options))
    return false;
  source = TSS_RETRY (open (name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (source < 0 || fstat (source, &status) < 0 || (uint64_t)status.st_size >= LARGEST_FILE)
    return false;
  target = TSS_RETRY (open (partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (target < 0)
    return false;
  compress->pid = fork ();
  if (compress->pid == 0)
    run_child (source, target, shim);
  if (compress->pid < 0)
    compress->pid = 0;
  compress->number = number;
  return compress->pid > 0;
}

void
log_compress_begin (struct log_compress *compress)
{
  if (!compress->options->compress || !compress->options->path || compress->pid > 0)
    return;
  /* The newest first: it is the one that stays the longest. */
  for (uint64_t number = 1; number < compress->options->max_files; number++)
    if (start_child (compress, number))
      return;
}

static void
remove_partial (const struct log_compress *compress)
{
  char partial[PATH_MAX];

  if (make_partial_name (partial, compress->options))
    unlink (partial);
}

void
log_compress_moved (struct log_compress *compress, uint64_t number)
{
  if (compress->pid <= 0 || compress->number != number)
    return;
  compress->number++;
  if (compress->number >= compress->options->max_files)
    kill (compress->pid, SIGKILL);
}

/* First the new file gets its name, then the old one goes: a reader finds one of them at any moment. */
static void
take_result (const struct log_compress *compress)
{
  char partial[PATH_MAX], plain[PATH_MAX], compressed[PATH_MAX];

  if (make_partial_name (partial, compress->options) && make_name (plain, compress->options, compress->number, "")
      && make_name (compressed, compress->options, compress->number, ".gz") && rename (partial, compressed) == 0)
    unlink (plain);
}

bool
log_compress_child_ended (struct log_compress *compress, pid_t pid, int status)
{
  bool is_done = WIFEXITED (status) && WEXITSTATUS (status) == 0;

  if (compress->pid <= 0 || compress->pid != pid)
    return false;
  compress->pid = 0;
  if (is_done && compress->number < compress->options->max_files)
    take_result (compress);
  else
    remove_partial (compress);
  /* After a failure (a full disk) the next rotation is soon enough. */
  if (is_done || compress->number >= compress->options->max_files)
    log_compress_begin (compress);
  return true;
}

void
log_compress_stop (struct log_compress *compress)
{
  if (compress->pid <= 0)
    return;
  kill (compress->pid, SIGKILL);
  TSS_RETRY (waitpid (compress->pid, NULL, 0));
  compress->pid = 0;
  remove_partial (compress);
}
