"""Decides on system calls of containers: `seccomp-agent.py SOCKET CONNECTIONS`. mkdir fails with ENOSPC, all else goes on.

Prints `ready`, then for each connection its container process state, then, at the end, `refused N`."""

import errno
import fcntl
import select
import socket
import struct
import sys

# linux/seccomp.h, linux/unistd.h of x86-64.
NOTIFICATION, RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
RECEIVE, SEND, CONTINUE, MKDIR = 0xC0502100, 0xC0182101, 1, 83


def accept(server):
    connection, _ = server.accept()
    text, descriptors, _, _ = socket.recv_fds(connection, 65536, 1)
    while more := connection.recv(65536):
        text += more
    print(text.decode(), flush=True)
    return descriptors[0]


def decide(listener):
    request = bytearray(NOTIFICATION.size)
    fcntl.ioctl(listener, RECEIVE, request)
    identity, number = NOTIFICATION.unpack(request)[0], NOTIFICATION.unpack(request)[3]
    refused = number == MKDIR
    answer = RESPONSE.pack(identity, 0, -errno.ENOSPC if refused else 0, 0 if refused else CONTINUE)
    fcntl.ioctl(listener, SEND, answer)
    return refused


def main():
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(sys.argv[1])
    server.listen()
    print("ready", flush=True)
    refusals, left, poll = 0, int(sys.argv[2]), select.poll()
    poll.register(server, select.POLLIN)
    open_listeners = 0
    while left or open_listeners:
        for descriptor, events in poll.poll():
            if descriptor == server.fileno():
                left -= 1
                open_listeners += 1
                poll.register(accept(server), select.POLLIN)
            elif events & select.POLLIN:
                refusals += decide(descriptor)
            else:
                # Nobody is under the filter any more.
                poll.unregister(descriptor)
                open_listeners -= 1
    print("refused", refusals, flush=True)


main()
