"""Asks a name server that says nothing, when it is told to, and then does nothing else. In a network namespace of its own
(`unshare -n`)."""

import socket
import subprocess
import sys

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
question = b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\6silent\4test\0" + b"\0\1\0\1"
for line in sys.stdin:
    client.sendto(question, ("127.0.0.1", 53))
