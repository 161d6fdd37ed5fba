"""Exchanges two paths as fast as it can: `exchange.py PATH PATH`. Prints `ready` when it has begun, and goes on until it is killed."""

import ctypes
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    left, right = (path.encode() for path in sys.argv[1:])
    if libc.renameat2(AT_FDCWD, left, AT_FDCWD, right, RENAME_EXCHANGE) < 0:
        raise OSError(ctypes.get_errno(), "cannot exchange")
    print("ready", flush=True)
    while True:
        # Either may be missing for a moment, when somebody replaces it.
        libc.renameat2(AT_FDCWD, left, AT_FDCWD, right, RENAME_EXCHANGE)


main()
