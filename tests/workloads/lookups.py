"""Lookups of names by the resolvers that programs have, of a server of our own, in a network namespace and a mount
namespace of their own (`unshare -n -m`). Says of each what is to be seen: a line of JSON. Arguments: further programs, each of
which looks up the names that it is given; or `--stub` and systemd-resolved, which asks for a program that asks it.

    ok.test      an address
    big.test     truncated over UDP, an address over TCP
    none.test    NXDOMAIN
    bad.test     SERVFAIL
    silent.test  no answer
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
STUB = sys.argv[2] if sys.argv[1:2] == ["--stub"] else None


def replace(path, text):
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, path], check=True)
    os.unlink(file.name)


def start_stub():
    """It wants a user and folders of its own, and an interface by which the world could be reached."""
    ip = ["link add near type veth peer name far", "addr add 198.51.100.1/24 dev near", "link set near up", "link set far up"]
    for words in [*ip, "route add default via 198.51.100.2"]:
        subprocess.run(["ip", *words.split()], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.makedirs("/run/systemd/resolved.conf.d")
    os.makedirs("/run/systemd/resolve")
    os.chown("/run/systemd/resolve", 996, 996)
    for path, line in [("/etc/passwd", "systemd-resolve:x:996:996::/:/nonexistent"), ("/etc/group", "systemd-resolve:x:996:")]:
        kept = [it for it in open(path).read().splitlines() if not it.startswith("systemd-resolve:")]
        replace(path, "\n".join([*kept, line, ""]))
    with open("/run/systemd/resolved.conf.d/test.conf", "w") as file:
        file.write("[Resolve]\nDNS=127.0.0.1\nDNSSEC=no\nLLMNR=no\nMulticastDNS=no\nCache=no\n")
    stub = subprocess.Popen([STUB], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while b"3500007F:0035" not in open("/proc/net/udp", "rb").read():
        assert stub.poll() is None, "systemd-resolved has ended"
        time.sleep(0.05)
    return stub


replace("/etc/resolv.conf", f"nameserver {'127.0.0.53' if STUB else '127.0.0.1'}\noptions timeout:1 attempts:1\n")

TYPES = {1: "A", 28: "AAAA"}
RCODES = {"none.test": 3, "bad.test": 2}
seen = set()


def said(question, kind, transport, rcode):
    line = json.dumps({"question": question, "type": kind, "transport": transport, "rcode": rcode}, sort_keys=True)
    seen.add(line)


def answer(query, transport):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    name = ".".join(labels).lower()
    kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
    question = query[12 : at + 5]
    names = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN"}
    rcode = RCODES.get(name, 0)
    if name == "silent.test":
        said(name, TYPES[kind], transport, None)
        return None
    said(name, TYPES[kind], transport, names[rcode])
    truncated = name == "big.test" and transport == "udp"
    records = b"" if rcode or truncated else b"\xc0\x0c" + struct.pack(">HHI", kind, 1, 60)
    count = 1 if records else 0
    if kind == 1 and records:
        records += b"\0\x04" + socket.inet_aton("192.0.2.7")
    elif records:
        records += b"\0\x10" + socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    flags = 0x8180 | rcode | (0x200 if truncated else 0)
    return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + question + records


def over_udp(server):
    while True:
        query, client = server.recvfrom(4096)
        reply = answer(query, "udp")
        if reply:
            server.sendto(reply, client)


def over_tcp(server):
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


def serve(client):
    while length := client.recv(2, socket.MSG_WAITALL):
        reply = answer(client.recv(struct.unpack(">H", length)[0], socket.MSG_WAITALL), "tcp")
        if reply:
            client.sendall(struct.pack(">H", len(reply)) + reply)


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 53))
tcp = socket.create_server(("127.0.0.1", 53))
threading.Thread(target=over_udp, args=(udp,), daemon=True).start()
threading.Thread(target=over_tcp, args=(tcp,), daemon=True).start()

NAMES = ["ok.test", "big.test", "none.test", "bad.test", "silent.test"]
GLIBC = "import socket, sys\nfor name in sys.argv[1:]:\n  try: socket.getaddrinfo(name, 80)\n  except OSError: pass"
stub = start_stub() if STUB else None
for program in [["python3", "-c", GLIBC], *([program] for program in sys.argv[1:] if not STUB)]:
    seen.clear()
    subprocess.run([*program, *NAMES], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    asked = {json.loads(line)["question"] for line in seen}
    assert asked == set(NAMES), f"{program} asked for {asked}"
    for line in sorted(seen):
        asks = "systemd-resolved" if STUB else program[0].rsplit("/")[-1]
        print(json.dumps({"program": asks, **json.loads(line)}), flush=True)
if stub:
    stub.kill()
