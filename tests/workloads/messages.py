"""Requests of HTTP/1 over real sockets, in a network namespace of its own, served and made by this process. Says of each
what is to be seen: a line of JSON.

No secret may be seen of it: none of the bytes `hunter2`.
"""

import json
import socket
import struct
import subprocess
import threading

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
SECRET = b"hunter2"


def say(method, url, status, **others):
    print(json.dumps({"method": method, "url": url, "status": status, **others}), flush=True)


def until_empty_line(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    return data


def pair(family=socket.AF_INET, address="127.0.0.1"):
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname()[:2])
    accepted, _ = listener.accept()
    listener.close()
    return client, accepted


def request(method, path, *fields, body=b""):
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: shop", *fields]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def response(status, *fields, body=b"", length=None):
    lines = [b"HTTP/1.1 %d x" % status, b"Content-Length: %d" % (len(body) if length is None else length), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def take(sock, count):
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data


def exchange(ends, sent, answered, pieces=1):
    client, server = ends
    for start in range(0, len(sent), -(-len(sent) // pieces)):
        client.sendall(sent[start : start + -(-len(sent) // pieces)])
    take(server, len(sent))
    writer = threading.Thread(target=server.sendall, args=(answered,))
    writer.start()
    take(client, len(answered))
    writer.join()


# A kept connection, with bodies that look like requests and are larger than a call takes.
kept = pair()
exchange(kept, request("GET", "/first?token=" + SECRET.decode()), response(200, body=b"x" * 300_000))
say("GET", "shop/first?...", 200, response_bytes=300_000)
body = b"GET /no-request HTTP/1.1\r\n\r\n" + SECRET + b"z" * 200_000
exchange(kept, request("POST", "/second", b"Authorization: Basic " + SECRET, b"Cookie: a=" + SECRET, body=body), response(201, body=b"ok"))
say("POST", "shop/second", 201, request_bytes=len(body), response_bytes=2)
exchange(kept, request("HEAD", "/third"), response(200, length=5_000))
say("HEAD", "shop/third", 200)
exchange(kept, request("DELETE", "/fourth"), response(404, b"Set-Cookie: " + SECRET))
say("DELETE", "shop/fourth", 404)
exchange(kept, request("GET", "/fifth", b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), response(503, body=b"no"))
say("GET", "shop/fifth", 503, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

# Pipelined: three in one call, answered in one.
several = pair(socket.AF_INET6, "::1")
exchange(several, b"".join(request("GET", f"/pipe{i}") for i in range(3)), b"".join(response(200 + i) for i in range(3)))
for i in range(3):
    say("GET", f"shop/pipe{i}", 200 + i)

# By the calls that take vectors and messages.
vectored = pair()
vectored[0].sendmsg([request("PUT", "/vector", b"Content-Length: 3"), b"abc"])
taken = bytearray(65536)
vectored[1].recvmsg_into([taken])
vectored[1].send(response(204))
vectored[0].recv(4096, socket.MSG_PEEK)
vectored[0].recv_into(taken)
say("PUT", "shop/vector", 204, request_bytes=3)

# A response whose length nobody knows before it ends.
chunked = pair()
chunked[0].sendall(request("GET", "/chunked"))
until_empty_line(chunked[1])
chunked[1].sendall(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
until_empty_line(chunked[0])
chunked[1].sendall(b"0\r\n\r\n")
chunked[0].recv(100)
say("GET", "shop/chunked", 200)

# One that nobody answers.
lonely = pair()
lonely[0].sendall(request("GET", "/lonely"))
until_empty_line(lonely[1])
say("GET", "shop/lonely", None)
lonely[1].close()
lonely[0].recv(10)

# A head too long to be kept, and none at all: what is not sure is said, and nothing of it shown.
long = pair()
threading.Thread(target=long[0].sendall, args=(request("GET", "/long", *(b"X-%d: %s" % (i, SECRET * 100) for i in range(90))),)).start()
until_empty_line(long[1])
long[1].sendall(response(200))
long[0].recv(4096)
say("GET", "shop/long", 200, doubts=["head_cut"])
garbage = pair()
garbage[0].sendall(b"GET \x00\x01\x02" + SECRET * 4)
garbage[0].sendall(b"HTTP/9.9 \xff" + SECRET * 4)
garbage[1].recv(4096)

# No TCP, no HTTP.
one, two = socket.socketpair()
one.sendall(request("GET", "/unix"))
two.recv(4096)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.sendto(request("GET", "/datagram"), ("127.0.0.1", 9))
read, write = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
write.send(struct.pack("16s", b"HTTP/1.1 200 "))
read.recv(16)
