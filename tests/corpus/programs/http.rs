//! Servers that do not answer what runtimes wait for in their event loops, or answer with an error.

use crate::program::Life::Stands;
use crate::program::Source::Go;
use crate::program::{Program, Setup, built, node, program, python, run, sh};

const SILENT: &str = "http://127.83.78.5:9001/config";
const WELL: &str = "http://127.83.78.5:9003/";

pub(crate) fn programs() -> Vec<Program> {
    hangs().into_iter().chain(errors()).chain(clients()).collect()
}

/// Servers that say of each client what is wrong. They are their own clients.
fn clients() -> Vec<Program> {
    let asks = "import http.client, logging, socket, sys, threading, time\ndef asks(ask):\n    def again():\n        while True:\n            time.sleep(0.3); ask()\n    threading.Thread(target=again, daemon=True).start()\n";
    let logs_in = |answer: &str| {
        python(&format!(
            "{asks}address = ('127.83.78.9', 9310)\nserver = socket.create_server(address)\ndef ask():\n    client = socket.create_connection(address); client.sendall(b'login app\\n'); client.recv(9)\nasks(ask)\nfor turn in range(99):\n    client, _ = server.accept(); client.recv(99)\n    {answer}\n    client.sendall(b'done'); client.close()",
        ))
        .with_peers()
    };
    let exports = |answer: &str| {
        python(&format!(
            "{asks}import http.server\nclass Metrics(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        {answer}\n        self.send_response(200); self.end_headers(); self.wfile.write(b'up 1\\n')\n    def log_message(self, *of): pass\nserver = http.server.HTTPServer(('127.83.78.9', 9311), Metrics)\ndef ask():\n    peer = http.client.HTTPConnection('127.83.78.9', 9311); peer.request('GET', '/metrics'); peer.getresponse().read()\nasks(ask)\nfor turn in range(99): server.handle_request()",
        ))
        .with_peers()
    };
    vec![
        program(
            "python_turns_clients_away",
            logs_in("print('FATAL: password authentication failed for user app', file=sys.stderr)").life(Stands),
            logs_in("if turn == 6: sys.exit()"),
            &["turned away its last", "password authentication failed for user app"],
        ),
        program(
            "python_error_at_each_answer",
            exports("logging.error('cannot ask the database: permission denied for table jobs')").life(Stands),
            exports(
                "self.server.asked = getattr(self.server, 'asked', 0) + 1\n        if self.server.asked == 6: sys.exit()",
            ),
            &["GET /metrics", "cannot ask the database: permission denied for table jobs"],
        ),
    ]
}

/// Whatever its threads do meanwhile.
fn hangs() -> Vec<Program> {
    let stands = |setup: Setup| setup.with_peers().life(Stands);
    let fetch = |url: &str| node(&format!("fetch('{url}').then(answer => answer.text())"));
    let read = |port: u16, timeout: &str| {
        python(&format!(
            "import urllib.request\nurllib.request.urlopen('http://127.83.78.5:{port}/dump'{timeout}).read()"
        ))
    };
    let asyncio = |port: u16, ask: &str| {
        python(&format!(
            "import asyncio\nasync def ask():\n    read, write = await asyncio.open_connection('127.83.78.5', {port})\n    write.write({ask})\n    await read.read(10)\nasync def tick():\n    while True: print('tick'); await asyncio.sleep(1)\nasync def main():\n    ticks = asyncio.create_task(tick()); await ask()\nasyncio.run(main())"
        ))
    };
    let get = "b'GET /orders HTTP/1.1\\r\\nHost: shop\\r\\n\\r\\n'";
    vec![
        program(
            "node_fetch_silent",
            stands(fetch(SILENT)),
            fetch(WELL).with_peers(),
            &["GET /config", "127.83.78.5:9001", "no answer"],
        ),
        program(
            "python_answer_stalls",
            stands(read(9006, "")),
            read(9003, "").with_peers(),
            &["GET /dump", "127.83.78.5:9006", "only a part of its answer"],
        ),
        program(
            "asyncio_get_silent",
            stands(asyncio(9001, get)),
            asyncio(9003, get).with_peers(),
            &["GET /orders", "127.83.78.5:9001", "no answer"],
        ),
        program(
            "python_answer_in_part",
            read(9006, ", timeout=2").with_peers(),
            read(9003, ", timeout=2").with_peers(),
            &["GET /dump", "127.83.78.5:9006", "only a part of its answer"],
        ),
        program(
            "asyncio_bytes_silent",
            stands(asyncio(9001, "b'HELLO shop'")),
            asyncio(9003, "b'HELLO shop'").with_peers(),
            &["127.83.78.5:9001", "no answer"],
        ),
        program(
            "go_get_silent",
            stands(built(Go, &["get", SILENT])),
            built(Go, &["get", WELL]).with_peers(),
            &["GET /config", "127.83.78.5:9001", "no answer"],
        ),
    ]
}

/// The program says little of it, or nothing.
fn errors() -> Vec<Program> {
    let ask = |path: &str, then: &str| {
        python(&format!(
            "import http.client, os, sys, time\nfor attempt in range(4):\n    peer = http.client.HTTPConnection('127.83.78.5', 9004)\n    peer.request('GET', '{path}')\n    if peer.getresponse().status < 400: sys.exit()\n    time.sleep(0.2)\n{then}"
        ))
        .with_peers()
    };
    let curl = |path: &str| {
        sh(&format!("set -e; curl --silent --fail http://127.83.78.5:9004{path}; exec /usr/bin/true")).with_peers()
    };
    let fetch = |path: &str| {
        node(&format!(
            "fetch('http://127.83.78.5:9004{path}').then(answer => {{ if (!answer.ok) process.exitCode = 4 }})"
        ))
        .with_peers()
    };
    let wait = |port: u16| {
        python(&format!(
            "import socket, sys\npeer = socket.create_connection(('127.83.78.5', {port}))\nif port == 9003: peer.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\nif not peer.recv(10): sys.exit(1)",
        ).replace("port ==", &format!("{port} ==")))
        .with_peers()
    };
    let well = || run(&["/usr/bin/curl", "--silent", "--fail", "http://127.83.78.5:9004/200"]).with_peers();
    vec![
        program(
            "python_503_retries",
            ask("/503", "sys.exit('giving up')"),
            ask("/200", ""),
            &["GET /503", "HTTP 503", "4 times"],
        ),
        program(
            "python_401_vague",
            ask("/401", "sys.exit('startup failed')"),
            ask("/200", ""),
            &["GET /401", "HTTP 401"],
        ),
        program("python_404_silent", ask("/404", "os._exit(3)"), ask("/200", ""), &["GET /404", "HTTP 404"]),
        // What it asked for is not what it ended of.
        program("python_404_and_key_error", ask("/404", "os.environ['SHOP']"), ask("/404", ""), &["KeyError: 'SHOP'"]),
        program("curl_500_below_dash", curl("/500"), curl("/200"), &["GET /500", "HTTP 500"]),
        program("node_403_silent", fetch("/403"), fetch("/200"), &["GET /403", "HTTP 403"]),
        program("python_hung_up", wait(9005), wait(9003), &["127.83.78.5:9005", "ended by the other side"]),
        program(
            "curl_429",
            run(&["/usr/bin/curl", "--silent", "--fail", "http://127.83.78.5:9004/429"]).with_peers(),
            well(),
            &["HTTP 429|429"],
        ),
    ]
}
