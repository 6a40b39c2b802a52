"""TCP connections that go well and that do not, in a network namespace of its own (`unshare -n`). Says of each which
ports it used: a line `NAME LOCAL PEER`.

Behind veth0 nobody says who has 192.0.2.9, and 192.0.2.8 swallows what it is sent.
"""

import errno
import socket
import struct
import subprocess
import threading

LINKS = """
link set lo up
link add veth0 type veth peer name veth1
addr add 192.0.2.1/24 dev veth0
link set veth0 up
link set veth1 up
neigh add 192.0.2.8 lladdr 02:00:00:00:00:01 dev veth0
"""
subprocess.run(["ip", "-batch", "-"], input=LINKS, text=True, check=True)


def say(name, local, peer):
    print(name, local, peer, flush=True)


def ports(name, sock):
    say(name, sock.getsockname()[1], sock.getpeername()[1])


def take(sock, count):
    while count:
        count -= len(sock.recv(min(count, 65536)))


def pair(family, address):
    """A listening socket, a client's, and the one that was accepted."""
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(7)
    client = socket.create_connection(listener.getsockname()[:2])
    accepted, _ = listener.accept()
    return listener, client, accepted


def exchange(name, family, address, out, back, client_first):
    listener, client, accepted = pair(family, address)
    say("listen-" + name, listener.getsockname()[1], 0)
    ports(name, client)
    writer = threading.Thread(target=client.sendall, args=(b"x" * out,))
    writer.start()
    take(accepted, out)
    writer.join()
    writer = threading.Thread(target=accepted.sendall, args=(b"y" * back,))
    writer.start()
    take(client, back)
    writer.join()
    first, second = (client, accepted) if client_first else (accepted, client)
    first.close()
    assert second.recv(1) == b""
    second.close()
    listener.close()


def fails(name, family, peer, expected, retries=None):
    sock = socket.socket(family)
    if retries:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, retries)
    try:
        sock.connect(peer)
    except OSError as error:
        assert error.errno == expected, error
        say(name, 0, peer[1])
    else:
        raise AssertionError(name)
    sock.close()


exchange("v4", socket.AF_INET, "127.0.0.1", 1234567, 54321, True)
exchange("v6", socket.AF_INET6, "::1", 777, 0, False)

fails("refused", socket.AF_INET, ("127.0.0.1", 1), errno.ECONNREFUSED)
fails("refused-v6", socket.AF_INET6, ("::1", 2), errno.ECONNREFUSED)
fails("unreachable", socket.AF_INET, ("192.0.2.9", 3), errno.EHOSTUNREACH)
fails("timed-out", socket.AF_INET, ("192.0.2.8", 4), errno.ETIMEDOUT, retries=1)
fails("no-route", socket.AF_INET, ("203.0.113.9", 5), errno.ENETUNREACH)

# The program does not wait for what comes of it.
sock = socket.socket()
sock.setblocking(False)
assert sock.connect_ex(("192.0.2.8", 6)) == errno.EINPROGRESS
say("given-up", sock.getsockname()[1], 6)
sock.close()

# The server throws the connection away.
listener, client, accepted = pair(socket.AF_INET, "127.0.0.1")
ports("reset", client)
accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
accepted.close()
try:
    client.recv(1)
    raise AssertionError("no reset")
except ConnectionResetError:
    pass
client.close()
listener.close()
