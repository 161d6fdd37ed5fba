/* Which system calls can fail, and how. */
#include "faults.h"
#include "../common/cleanup.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

#define FAULT(name, error)                                                                                             \
  {                                                                                                                    \
#name, SYS_##name, error                                                                                           \
  }

/* Left out are those that cannot fail (getpid), whose failure nobody can do anything about (close, munmap, exit), and
 * those that only release what is no longer wanted. */
static const struct fault calls[] = {
  FAULT (mount, EPERM),
  FAULT (move_mount, EPERM),
  FAULT (open_tree, EPERM),
  FAULT (mount_setattr, EPERM),
  FAULT (fsopen, EPERM),
  FAULT (fsconfig, EINVAL),
  FAULT (fsmount, EPERM),
  FAULT (pivot_root, EPERM),
  FAULT (chroot, EPERM),
  FAULT (umount2, EBUSY),
  FAULT (setns, EPERM),
  FAULT (unshare, EPERM),
  FAULT (clone, EAGAIN),
  FAULT (clone3, EAGAIN),
  FAULT (fork, EAGAIN),
  FAULT (vfork, EAGAIN),
  FAULT (execve, EIO),
  FAULT (execveat, EIO),
  FAULT (open, EMFILE),
  FAULT (openat, EMFILE),
  FAULT (openat2, EMFILE),
  FAULT (read, EIO),
  FAULT (pread64, EIO),
  FAULT (write, ENOSPC),
  FAULT (writev, ENOSPC),
  FAULT (pwrite64, ENOSPC),
  FAULT (sendfile, ENOSPC),
  FAULT (copy_file_range, ENOSPC),
  FAULT (ftruncate, ENOSPC),
  FAULT (fallocate, ENOSPC),
  FAULT (fsync, EIO),
  FAULT (mkdir, ENOSPC),
  FAULT (mkdirat, ENOSPC),
  FAULT (mknodat, ENOSPC),
  FAULT (symlink, ENOSPC),
  FAULT (symlinkat, ENOSPC),
  FAULT (link, ENOSPC),
  FAULT (linkat, ENOSPC),
  FAULT (rename, ENOSPC),
  FAULT (renameat, ENOSPC),
  FAULT (renameat2, ENOSPC),
  FAULT (rmdir, EIO),
  FAULT (unlink, EIO),
  FAULT (unlinkat, EIO),
  FAULT (chmod, EPERM),
  FAULT (fchmod, EPERM),
  FAULT (fchmodat, EPERM),
  FAULT (fchown, EPERM),
  FAULT (fchownat, EPERM),
  FAULT (utimensat, EPERM),
  FAULT (setxattr, ENOSPC),
  FAULT (fsetxattr, ENOSPC),
  FAULT (lsetxattr, ENOSPC),
  FAULT (stat, EIO),
  FAULT (fstat, EIO),
  FAULT (lstat, EIO),
  FAULT (newfstatat, EIO),
  FAULT (statx, EIO),
  FAULT (faccessat2, EIO),
  FAULT (getcwd, EIO),
  FAULT (statfs, EIO),
  FAULT (fstatfs, EIO),
  FAULT (readlink, EIO),
  FAULT (getdents64, EIO),
  FAULT (chdir, EIO),
  FAULT (fchdir, EIO),
  FAULT (socket, EMFILE),
  FAULT (socketpair, EMFILE),
  FAULT (bind, EADDRINUSE),
  FAULT (listen, EADDRINUSE),
  FAULT (accept4, EMFILE),
  FAULT (connect, ECONNREFUSED),
  FAULT (sendto, ENOBUFS),
  FAULT (sendmsg, ENOBUFS),
  FAULT (recvfrom, EIO),
  FAULT (recvmsg, EIO),
  FAULT (pipe2, EMFILE),
  FAULT (dup, EMFILE),
  FAULT (dup2, EMFILE),
  FAULT (dup3, EMFILE),
  FAULT (fcntl, EINVAL),
  FAULT (ioctl, EINVAL),
  FAULT (eventfd2, EMFILE),
  FAULT (timerfd_create, EMFILE),
  FAULT (signalfd4, EMFILE),
  FAULT (inotify_init1, EMFILE),
  FAULT (inotify_add_watch, ENOSPC),
  FAULT (epoll_create1, EMFILE),
  FAULT (epoll_ctl, ENOMEM),
  FAULT (memfd_create, EMFILE),
  FAULT (pidfd_open, EMFILE),
  FAULT (pidfd_send_signal, EPERM),
  FAULT (bpf, EPERM),
  FAULT (seccomp, EPERM),
  FAULT (prctl, EPERM),
  FAULT (keyctl, ENOMEM),
  FAULT (capset, EPERM),
  FAULT (capget, EPERM),
  FAULT (setsid, EPERM),
  FAULT (setuid, EAGAIN),
  FAULT (setgid, EAGAIN),
  FAULT (setresuid, EAGAIN),
  FAULT (setresgid, EAGAIN),
  FAULT (setgroups, EPERM),
  FAULT (prlimit64, EPERM),
  FAULT (setrlimit, EPERM),
  FAULT (sethostname, EPERM),
  FAULT (setdomainname, EPERM),
};

/* Those that signal(7) says may be interrupted, as far as they are used. An open is only where it waits, for the other
 * end of a FIFO, say. */
static const struct fault interruptions[] = {
  FAULT (read, EINTR),       FAULT (pread64, EINTR),     FAULT (write, EINTR),  FAULT (writev, EINTR),
  FAULT (accept4, EINTR),    FAULT (connect, EINTR),     FAULT (sendto, EINTR), FAULT (sendmsg, EINTR),
  FAULT (recvfrom, EINTR),   FAULT (recvmsg, EINTR),     FAULT (poll, EINTR),   FAULT (ppoll, EINTR),
  FAULT (epoll_wait, EINTR), FAULT (epoll_pwait, EINTR), FAULT (wait4, EINTR),  FAULT (waitid, EINTR),
  FAULT (flock, EINTR),
};

static const struct fault *
find (const struct fault *table, size_t length, long long call)
{
  for (size_t i = 0; i < length; i++)
    if (table[i].call == call)
      return &table[i];
  return NULL;
}

const struct fault *
faults_of_call (long long call)
{
  return find (calls, TSS_LENGTH (calls), call);
}

const struct fault *
faults_of_interruption (long long call)
{
  return find (interruptions, TSS_LENGTH (interruptions), call);
}
