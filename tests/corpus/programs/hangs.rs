//! Containers that live and stand still.

use crate::peers::{RAISING_SERVER, SINGLE_SERVER, STUCK_SERVER};
use crate::program::Life::{Paused, Serves, Stands};
use crate::program::Source::{C, Java};
use crate::program::{Program, Setup, built, node, program, python, run, sh};
use rewind_tests::workload::CROSSED_LOCKS;

fn stands(setup: Setup) -> Setup {
    setup.life(Stands)
}

/// A thread for each task, of which one in three fails.
const TASKS: &str = "
import signal, socket, sys, threading
def task(n):
    if n % 3 == 1: {}['port']
def begin(n):
    thread = threading.Thread(target=task, args=(n,)); thread.start(); thread.join()
";

/// Takes connections until it is told to end.
const SERVER: &str = "
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.create_server(('127.83.79.9', 8101))
while True: listener.accept()[0].close()
";

pub(crate) fn programs() -> Vec<Program> {
    let waits = "
import socket
listener = socket.create_server(('127.0.0.1', 0))
peer = socket.create_connection(listener.getsockname()); peer.sendall(b'SELECT 1'); peer.recv(100)
";
    let worker = |row: &str| {
        let work = "def work():\n while True: rows.get()['port']; rows.task_done()";
        let start = "threading.Thread(target=work, daemon=True).start(); rows.join()";
        python(&format!("import queue, threading\nrows = queue.Queue(); rows.put({row})\n{work}\n{start}"))
    };
    let ruby = |script: &str| run(&["/usr/bin/ruby", "-e", script]);
    let c = |what: &str| built(C, &[what]);
    // Lives on whatever its child does, but for one that ends well.
    let beside = |child: &str| {
        node(&format!(
            "require('child_process').spawn('/usr/bin/node', ['-e', '{child}'], {{ stdio: 'inherit' }})\
             .on('exit', code => {{ if (code) setInterval(() => {{}}, 1000) }})"
        ))
    };
    let says = |text: &str| python(&format!("import time\nwhile True: print('{text}', flush=True); time.sleep(0.5)"));
    // What it does when it is asked to count.
    let counts = |address: &str, server: &str, count: &str| {
        let (host, port) = address.split_once(':').unwrap_or_default();
        python(&format!(
            "
import http.server, signal, socketserver, sys, threading, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
lock, count = threading.Lock(), 0
class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        if self.path == '/inc': count += 1; {count}
        self.send_response(200); self.send_header('Content-Length', '0'); self.end_headers()
    def log_message(self, *_): pass
# That of http.server asks for a name.
socketserver.TCPServer.allow_reuse_address = socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.{server}(('{host}', {port}), Counter).serve_forever()
"
        ))
        .with_peers()
    };
    let threads = |address, count: &str| counts(address, "ThreadingTCPServer", count);
    let single = |count: &str| counts(SINGLE_SERVER, "TCPServer", count);
    let serves = |setup: Setup, address| setup.life(Serves(address));
    vec![
        program("c_alone", stands(c("alone")), c("well"), &["futex|lock", "wait"]),
        program("c_crossed", stands(c("crossed")), c("well"), &["futex|lock", "wait"]),
        program("python_locks", stands(python(CROSSED_LOCKS)), python("import threading"), &["futex|lock", "wait"]),
        program(
            "python_no_answer",
            stands(python(waits)),
            python("import socket"),
            &["127.0.0.1:", "no answer|sent to"],
        ),
        program(
            "python_worker_ended",
            stands(worker("{}")),
            worker("{'port': 1}"),
            &["KeyError: 'port'", "can wake", "ended"],
        ),
        program(
            "python_thread_ended",
            stands(python(&format!("{TASKS}\nbegin(1); signal.pause()"))),
            python(&format!("{TASKS}\nfor n in range(6): begin(n)\n{SERVER}"))
                .with_peers()
                .life(Serves("127.83.79.9:8101")),
            &["KeyError: 'port'", "thread", "ended"],
        ),
        program(
            "ruby_thread_ended",
            stands(ruby("Thread.new { nil.fetch(:port) }\nloop { sleep 1 }")),
            ruby("Thread.new { 1 }.join"),
            &["NoMethodError", "thread", "ended"],
        ),
        program(
            "java_main_ended",
            stands(built(Java, &["idle"])),
            built(Java, &["well"]),
            &["no tenant is configured", "main thread", "ended"],
        ),
        program(
            "node_child_crashed",
            stands(beside("setTimeout(() => cache.get(1), 300)")),
            beside("setTimeout(() => 1, 300)"),
            &["has not been run again", "ReferenceError: cache is not defined"],
        ),
        program(
            "dash_lock_dir",
            stands(sh("mkdir /tmp/lock; while ! mkdir /tmp/lock 2> /dev/null; do sleep 0.3; done")),
            sh("while ! mkdir /tmp/lock 2> /dev/null; do sleep 0.3; done"),
            &["mkdir of /tmp/lock", "EEXIST"],
        ),
        program(
            "python_login_refused",
            stands(says("login refused (403) - retry in 0.5 s")),
            python("print('login accepted')"),
            &["all that it has said", "login refused (403)"],
        ),
        program("c_file_lock", stands(c("locked")), c("well"), &["flock|lock", "/tmp/lock"]),
        program(
            "dash_pipe",
            stands(sh("mkfifo /tmp/pipe; read row < /tmp/pipe")),
            sh("mkfifo /tmp/pipe"),
            &["other end of a named pipe"],
        ),
        program(
            "python_requests_left",
            stands(threads(STUCK_SERVER, "count < 3 or lock.acquire() and lock.acquire()")),
            serves(threads(STUCK_SERVER, "lock.acquire(); lock.release()"), STUCK_SERVER),
            &["GET /inc", "without an answer"],
        )
        .not(&["/health"]),
        program(
            "python_connections_left",
            stands(single("count < 3 or time.sleep(1000)")),
            serves(single("time.sleep(0.1)"), SINGLE_SERVER),
            &["GET /inc", "none of the last", SINGLE_SERVER],
        ),
        program(
            "python_connections_ended",
            stands(threads(RAISING_SERVER, "sys.exit()")),
            serves(threads(RAISING_SERVER, "pass"), RAISING_SERVER),
            &["GET /inc", "ended the connections"],
        )
        .not(&["/health"]),
        program(
            "dash_question",
            stands(sh("mkfifo /tmp/in; exec 0<> /tmp/in; echo 'License key?'; read key")),
            sh("echo 'License key?'; read key; true"),
            &["License key?", "input"],
        ),
        program("c_spins", stands(c("spin")), c("well"), &["CPU|without a call|no call"]),
        program(
            "python_stopped",
            stands(python("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)").below(&["/usr/bin/tini", "--"])),
            python("1"),
            &["stopped|SIGSTOP"],
        ),
        program(
            "python_paused",
            python("import time\nwhile True: time.sleep(0.05)").life(Paused),
            python("1"),
            &["frozen|paused|freezer"],
        ),
    ]
}
