//! What is run: the common runtimes, each doing a little of what it is for.

/// What is compiled here is called so.
pub(super) const COMPILED: &str = "app";

/// A program, and what it does that goes well.
pub(super) struct Program {
    /// Its name in `PATH`, or its path.
    pub program: &'static str,
    /// What makes it say its version.
    pub version: &'static [&'static str],
    /// What it does.
    pub args: &'static [&'static str],
}

const fn program(program: &'static str, version: &'static [&'static str], args: &'static [&'static str]) -> Program {
    Program { program, version, args }
}

const PYTHON: &str = "
import json, logging, os, re, socket, ssl, sqlite3, subprocess, tempfile, threading, urllib.request, locale
locale.setlocale(locale.LC_ALL, '')
ssl.create_default_context()
with tempfile.NamedTemporaryFile() as file: file.write(json.dumps({'a': 1}).encode())
thread = threading.Thread(target=lambda: socket.getaddrinfo('localhost', 80)); thread.start(); thread.join()
subprocess.run(['/bin/true'], check=True)
";
const NODE: &str = "
const fs = require('fs'), http = require('http'), os = require('os');
require('https'); require('crypto').randomBytes(8); require('dns').lookup('localhost', () => {});
fs.readFileSync('/etc/passwd'); os.cpus();
const server = http.createServer((q, r) => r.end('ok'));
server.listen(0, '127.0.0.1', () => http.get({host: '127.0.0.1', port: server.address().port}, r => { r.resume(); r.on('end', () => server.close()); }));
";
const PERL: &str = "use strict; use POSIX; use File::Temp; use IO::Socket; my $f = File::Temp->new; print $f 1; setlocale(LC_ALL, '');";
const RUBY: &str = "require 'json'; require 'socket'; require 'tempfile'; require 'net/http'; Tempfile.create('a') { |f| f.write(JSON.dump([1])) }";
const PHP: &str =
    "$f = tempnam('/tmp', 'a'); file_put_contents($f, json_encode([1])); unlink($f); gethostbyname('localhost');";
const SHELL: &str = "for i in 1 2 3; do echo $i > /tmp/x; done; cat /tmp/x | wc -l; ls /usr > /dev/null; [ -e /etc/passwd ] && rm /tmp/x";
const JAVA: &str = "
import java.nio.file.*; import java.net.*;
public class App { public static void main(String[] a) throws Exception {
  Files.writeString(Path.of(\"/tmp/a\"), \"1\"); InetAddress.getByName(\"localhost\");
  Thread t = new Thread(() -> System.out.println(1)); t.start(); t.join(); } }
";
const NGINX: &str = "mkdir -p /tmp/n && cd /tmp/n && printf 'error_log /tmp/n/error.log; pid /tmp/n/pid; events {} http { access_log /tmp/n/access.log; client_body_temp_path /tmp/n/a; proxy_temp_path /tmp/n/b; fastcgi_temp_path /tmp/n/c; uwsgi_temp_path /tmp/n/d; scgi_temp_path /tmp/n/e; server { listen 127.0.0.1:18080; } }' > c && nginx -p /tmp/n -c /tmp/n/c && sleep 0.5 && nginx -p /tmp/n -c /tmp/n/c -s quit && sleep 0.5";
const REDIS: &str = "cd /tmp && { redis-server --port 16399 --save '' --dir /tmp > /tmp/log & } && sleep 0.5 && redis-cli -p 16399 set a 1 && { redis-cli -p 16399 shutdown nosave; wait; true; }";
const POSTGRES: &str = "B=$(ls -d /usr/lib/postgresql/*/bin) && $B/initdb -D /tmp/db > /tmp/log && $B/pg_ctl -D /tmp/db -o \"-k /tmp -c listen_addresses=''\" -l /tmp/log -w start > /tmp/log2 && $B/psql -h /tmp -d postgres -c 'select 1' > /dev/null && $B/pg_ctl -D /tmp/db -m fast -w stop > /tmp/log2";
const GO: &str = "printf 'package main\nimport (\"fmt\"; \"net\"; \"os\"; \"crypto/tls\")\nfunc main() { _ = tls.VersionTLS13; net.LookupHost(\"localhost\"); os.ReadFile(\"/etc/passwd\"); fmt.Println(1) }\n' > /tmp/app.go && cd /tmp && PATH=$PATH:/usr/local/go/bin HOME=/tmp GO111MODULE=off go build -o /tmp/app app.go && /tmp/app";
const MUSL: &str = "printf '#include <stdio.h>\n#include <netdb.h>\nint main(void) { struct addrinfo *a; getaddrinfo(\"localhost\", \"80\", 0, &a); FILE *f = fopen(\"/etc/passwd\", \"r\"); return !f; }\n' > /tmp/a.c && musl-gcc -o /tmp/app /tmp/a.c && /tmp/app";

/// All of them.
pub(super) const PROGRAMS: &[Program] = &[
    program("/usr/bin/python3", &["--version"], &["-c", PYTHON]),
    program("/usr/bin/node", &["--version"], &["-e", NODE]),
    program("/usr/bin/perl", &["-e", "print $^V"], &["-e", PERL]),
    program("/usr/bin/ruby", &["--version"], &["-e", RUBY]),
    program("/usr/bin/php", &["--version"], &["-r", PHP]),
    program("/usr/bin/dash", &["-c", "dpkg-query -W dash"], &["-c", SHELL]),
    program("/usr/bin/bash", &["--version"], &["-c", SHELL]),
    program("/usr/bin/busybox", &["--help"], &["sh", "-c", SHELL]),
    program(
        "/usr/bin/sqlite3",
        &["--version"],
        &["/tmp/a.db", "create table a (b); insert into a values (1); select * from a;"],
    ),
    program(
        "/usr/bin/sh",
        &["-c", "$(ls -d /usr/lib/jvm/*/bin/java | tail -1) -version"],
        &["-c", "printf '%s' \"$0\" > /tmp/App.java && $(ls -d /usr/lib/jvm/*/bin/java | tail -1) /tmp/App.java", JAVA],
    ),
    program("/usr/bin/sh", &["-c", "nginx -v"], &["-c", NGINX]),
    program("/usr/bin/sh", &["-c", "redis-server --version"], &["-c", REDIS]),
    program("/usr/bin/sh", &["-c", "/usr/lib/postgresql/*/bin/postgres --version"], &["-c", POSTGRES]),
    program("/usr/bin/sh", &["-c", "/usr/local/go/bin/go version"], &["-c", GO]),
    program("/usr/bin/sh", &["-c", "dpkg-query -W musl"], &["-c", MUSL]),
];
