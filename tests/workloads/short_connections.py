"""One refused connect, then many short connections to itself, a byte each: `short_connections.py COUNT`."""

import socket
import sys
import threading

count = int(sys.argv[1])

try:
    socket.create_connection(("127.0.0.1", 1))
    raise AssertionError("port 1 is open")
except ConnectionRefusedError:
    pass

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)


def serve():
    for _ in range(count):
        accepted, _ = listener.accept()
        while accepted.recv(16):
            pass
        accepted.close()


server = threading.Thread(target=serve)
server.start()
for _ in range(count):
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"x")
server.join()
