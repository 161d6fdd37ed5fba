"""What a process has of its caller. `process-probe.py look` prints it as JSON; `process-probe.py leave COMMAND...` sets all of it
to something unusual and executes the command."""

import ctypes
import fcntl
import json
import os
import resource
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
# linux/prctl.h, linux/keyctl.h, linux/capability.h, and numbers of x86-64.
SET_PDEATHSIG, GET_PDEATHSIG, GET_DUMPABLE, GET_KEEPCAPS, GET_SECUREBITS, SET_SECUREBITS = 1, 2, 3, 7, 27, 28
CAP_AMBIENT, CAP_AMBIENT_RAISE, SET_CHILD_SUBREAPER, GET_CHILD_SUBREAPER = 47, 2, 36, 37
SYS_KEYCTL, SYS_CAPGET, SYS_CAPSET, SYS_ADD_KEY = 250, 125, 126, 248
KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_DESCRIBE, SESSION_KEYRING = 0, 1, 6, -3
CAP_CHOWN, NO_SETUID_FIXUP = 0, 1 << 2
KEYRING = b"tsstack-probe"


def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "cannot set it")
    return result


def status():
    with open("/proc/self/status", encoding="ascii") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines)


def keyring():
    """Its description, as "type;uid;gid;permissions;name"."""
    buffer = ctypes.create_string_buffer(256)
    length = LIBC.syscall(SYS_KEYCTL, KEYCTL_DESCRIBE, SESSION_KEYRING, buffer, len(buffer))
    return buffer.raw[: length - 1].decode().split(";")[-1] if length > 0 else None


def by_prctl(option):
    value = ctypes.c_int(0)
    LIBC.prctl(option, ctypes.byref(value), 0, 0, 0)
    return value.value


def look():
    lines = status()
    mask = os.umask(0)
    print(json.dumps({
        "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
        "env": {name: value for name, value in os.environ.items() if name not in ("LC_CTYPE", "PWD", "SHLVL", "_")},
        "cwd": os.getcwd(),
        "umask": mask,
        "blocked": int(lines["SigBlk"], 16),
        # Python itself ignores SIGPIPE and SIGXFSZ.
        "ignored": int(lines["SigIgn"], 16) & ~(1 << (signal.SIGPIPE - 1)) & ~(1 << (signal.SIGXFSZ - 1)),
        "ambient": int(lines["CapAmb"], 16),
        "inheritable": int(lines["CapInh"], 16),
        "keyring": keyring(),
        "parentDeathSignal": by_prctl(GET_PDEATHSIG),
        "subreaper": by_prctl(GET_CHILD_SUBREAPER),
        "keepCapabilities": LIBC.prctl(GET_KEEPCAPS, 0, 0, 0, 0),
        "secureBits": LIBC.prctl(GET_SECUREBITS, 0, 0, 0, 0),
        "dumpable": LIBC.prctl(GET_DUMPABLE, 0, 0, 0, 0),
        "leadsSession": os.getsid(0) == os.getpid() or os.getsid(0) == os.getppid(),
        "openFiles": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "groups": os.getgroups(),
    }))


def raise_ambient():
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    must(LIBC.syscall(SYS_CAPGET, header, data))
    data[2] |= 1 << CAP_CHOWN
    must(LIBC.syscall(SYS_CAPSET, header, data))
    must(LIBC.prctl(CAP_AMBIENT, CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0))


def leave(command):
    os.environ["PROBE_SECRET"] = "from the caller"
    os.chdir("/tmp")
    os.umask(0o077)
    os.setgroups([4242])
    must(LIBC.syscall(SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, KEYRING))
    must(LIBC.prctl(SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0))
    must(LIBC.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    must(LIBC.prctl(SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0))
    raise_ambient()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2})
    # Out of the way of those that are to be passed on.
    root = fcntl.fcntl(os.open("/", os.O_RDONLY), fcntl.F_DUPFD_CLOEXEC, 100)
    for fd in (3, 4, 5, 20, 21):
        os.dup2(root, fd, inheritable=True)
    os.execvp(command[0], command)


if sys.argv[1] == "look":
    look()
else:
    leave(sys.argv[2:])
