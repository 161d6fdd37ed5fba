/* Keeps the program's own file out of reach of the containers it makes. */
#include "sealed-exec.h"
#include "cleanup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum
{
  WANTED_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
};

static bool
is_sealed (int fd)
{
  int seals = fcntl (fd, F_GET_SEALS);

  return seals >= 0 && (seals & WANTED_SEALS) == WANTED_SEALS;
}

static int
copy_file (int from, int to)
{
  struct stat status;

  if (fstat (from, &status) < 0)
    return -1;
  for (off_t left = status.st_size; left > 0;)
    {
      ssize_t count = TSS_RETRY (sendfile (to, from, NULL, (size_t)left));

      if (count <= 0)
        return -1;
      left -= count;
    }
  return 0;
}

/* Since Linux 6.3 a host can demand that a file in memory says whether it is to be executed; before, the flag is an
 * error. */
static int
make_memory_file (void)
{
  const unsigned int executable = 0x10; /* MFD_EXEC, which this libc does not know */
  int fd = memfd_create ("tsstack", MFD_CLOEXEC | MFD_ALLOW_SEALING | executable);

  return fd < 0 && errno == EINVAL ? memfd_create ("tsstack", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

int
tss_reexec_sealed (char *const arguments[], struct tss_error *error)
{
  tss_autofd int self = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  tss_autofd int copy = -1;

  if (self < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/proc/self/exe", "open the program's own file");
  if (is_sealed (self))
    return 0;
  copy = make_memory_file ();
  if (copy < 0 || copy_file (self, copy) < 0 || fcntl (copy, F_ADD_SEALS, WANTED_SEALS) < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, "/proc/self/exe", "copy the program into memory");
  fexecve (copy, arguments, environ);
  return tss_error_set (error, TSS_ERROR_IO, errno, "/proc/self/exe", "execute the program's sealed copy");
}
