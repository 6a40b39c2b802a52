"""Files, sockets, a thread and a child process, each awaited before the next."""
import os, socket, subprocess, sys, threading

os.chdir(sys.argv[1])
with open("numbers", "w") as file:
    file.write("".join(f"{i}\n" for i in range(100)))
with open("numbers") as file:
    assert sum(map(int, file)) == 4950
os.rename("numbers", "renamed")
os.mkdir("folder", 0o750)
os.symlink("../renamed", "folder/link")
print(sorted(os.listdir("folder")), os.stat("renamed").st_size)
try:
    open("/nonexistent/file")
except FileNotFoundError as error:
    print(error.errno)

left, right = socket.socketpair()
left.sendall(b"across")
print(right.recv(64))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b"hello")
print(peer.recv(64))

thread = threading.Thread(target=lambda: os.close(os.open("renamed", os.O_RDONLY)))
thread.start()
thread.join()
print(subprocess.run(["/bin/true"]).returncode)

os.unlink("folder/link")
os.rmdir("folder")
os.unlink("renamed")
