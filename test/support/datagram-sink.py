"""Listens at a socket of datagrams and prints each as a line of JSON: `unix PATH` or `udp ADDRESS`. Every byte becomes one character."""
import json
import socket
import sys

kind, place = sys.argv[1:3]
sink = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(place if kind == "unix" else (place, 0))
print(json.dumps({"port": 0 if kind == "unix" else sink.getsockname()[1]}), flush=True)
# The service answers to nobody before it is told to go.
sys.stdin.readline()
while True:
    print(json.dumps({"text": sink.recv(1 << 20).decode("latin-1")}), flush=True)
