//! Peers that refuse, hang up, keep silent or cannot be reached; name servers; certificates.

use crate::peers::{EMPTY_DNS, FAILED_DNS, NO_DNS, SILENT_DNS, certificate};
use crate::program::Source::{Go, Java, Rust};
use crate::program::{Program, Setup, built, node, program, python, run};

pub(crate) fn programs() -> Vec<Program> {
    connections().into_iter().chain(names()).chain(certificates()).collect()
}

fn connections() -> Vec<Program> {
    let dial = |address: &str| {
        let (host, port) = address.split_once(':').unwrap_or_default();
        python(&format!(
            "import socket\npeer = socket.create_connection(('{host}', {port}), timeout=0.5)\npeer.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\nassert peer.recv(10)"
        ))
        .with_peers()
    };
    let answered = || dial("127.83.78.5:9003");
    let get = |url: &str| run(&["/usr/bin/curl", "--silent", "--show-error", "--max-time", "1", url]).with_peers();
    vec![
        program("python_refused", dial("127.83.78.5:1"), answered(), &["127.83.78.5:1", "refused|ECONNREFUSED"]),
        program("python_reset", dial("127.83.78.5:9000"), answered(), &["127.83.78.5:9000|reset", "reset|ECONNRESET"]),
        program("python_silent", dial("127.83.78.5:9001"), answered(), &["127.83.78.5:9001", "no answer|timed out"]),
        program(
            "python_no_route",
            without_peers(dial("10.96.0.1:443")),
            answered(),
            &["10.96.0.1:443", "no route|ENETUNREACH|unreachable"],
        ),
        program(
            "curl_refused",
            get("http://127.83.78.5:1/"),
            get("http://127.83.78.5:9003/"),
            &["127.83.78.5:1", "refused|ECONNREFUSED|connect"],
        ),
        program(
            "curl_silent",
            get("http://127.83.78.5:9001/"),
            get("http://127.83.78.5:9003/"),
            &["127.83.78.5:9001|timed out", "no answer|timed out"],
        ),
        program(
            "node_refused",
            node("require('net').connect(5432, '127.0.0.1')"),
            node("require('net')"),
            &["127.0.0.1:5432", "refused|ECONNREFUSED"],
        ),
        program(
            "go_refused",
            built(Go, &["get", "http://127.0.0.1:1/"]),
            built(Go, &["well"]),
            &["127.0.0.1:1", "refused|ECONNREFUSED"],
        ),
        program(
            "rust_refused",
            built(Rust, &["dial", "127.0.0.1:5432"]),
            built(Rust, &["well"]),
            &["127.0.0.1:5432|refused", "refused|ECONNREFUSED"],
        ),
        program(
            "java_refused",
            built(Java, &["dial"]),
            built(Java, &["well"]),
            &["127.0.0.1]:5432|127.0.0.1:5432", "refused|ECONNREFUSED"],
        ),
        program(
            "python_port_in_use",
            python("import socket; socket.create_server(('127.83.78.6', 8080), reuse_port=False)").with_peers(),
            python("import socket; socket.create_server(('127.0.0.1', 8080))"),
            &["127.83.78.6:8080|in use", "in use|EADDRINUSE"],
        ),
        program(
            "python_low_port",
            python("import socket; socket.create_server(('127.0.0.1', 80))"),
            python("import socket; socket.create_server(('127.0.0.1', 8080))"),
            &["127.0.0.1:80|denied", "denied|EACCES"],
        ),
        program(
            "python_unix_socket",
            unix("/run/shop.sock"),
            unix_with_server(),
            &["/run/shop.sock|no such file", "no such file|ENOENT"],
        ),
    ]
}

fn without_peers(mut setup: Setup) -> Setup {
    setup.spec.own_network = true;
    setup
}

fn unix(path: &str) -> Setup {
    python(&format!("import socket\nsocket.socket(socket.AF_UNIX).connect('{path}')"))
}

fn unix_with_server() -> Setup {
    python(
        "import socket\nserver = socket.socket(socket.AF_UNIX); server.bind('/tmp/shop.sock'); server.listen()\nsocket.socket(socket.AF_UNIX).connect('/tmp/shop.sock')",
    )
}

fn names() -> Vec<Program> {
    let resolve = |names: &str| {
        python("import socket\nsocket.getaddrinfo('db.shop.example', 5432)")
            .with_peers()
            .file("/etc/resolv.conf", names)
            .file("/etc/hosts", "127.0.0.1 localhost\n")
    };
    let known = || {
        resolve(NO_DNS)
            .file("/etc/hosts", "127.0.0.1 db.shop.example\n")
            .file("/etc/nsswitch.conf", "hosts: files dns\n")
    };
    let get = |names: &str| {
        run(&["/usr/bin/curl", "--silent", "--show-error", "http://db.shop.example:9003/"])
            .with_peers()
            .file("/etc/resolv.conf", names)
    };
    let found = || run(&["/usr/bin/curl", "--silent", "--show-error", "http://127.83.78.5:9003/"]).with_peers();
    vec![
        program("python_dns_silent", resolve(SILENT_DNS), known(), &["127.83.78.1", "no answer"]),
        program(
            "python_dns_unknown_name",
            resolve(EMPTY_DNS),
            known(),
            &["db.shop.example|name or service not known", "NXDOMAIN|no such name|not known|does not exist"],
        ),
        program(
            "python_dns_failed",
            resolve(FAILED_DNS),
            known(),
            &["db.shop.example|name resolution", "SERVFAIL|server failure|name resolution|failed"],
        ),
        program(
            "python_dns_not_there",
            resolve(NO_DNS),
            known(),
            &["127.83.78.4", "error in place of an answer|refused"],
        ),
        program("curl_dns_unknown_name", get(EMPTY_DNS), found(), &["db.shop.example"]),
        program(
            "go_dns_unknown_name",
            built(Go, &["get", "http://db.shop.example/"]).with_peers().file("/etc/resolv.conf", EMPTY_DNS),
            built(Go, &["get", "http://127.83.78.5:9003/"]).with_peers(),
            &["db.shop.example", "no such host|NXDOMAIN|does not exist"],
        ),
    ]
}

fn certificates() -> Vec<Program> {
    let get = |url: &str| run(&["/usr/bin/curl", "--silent", "--show-error", "--max-time", "2", url]).with_peers();
    let tls = |text: &str| python(text).with_peers();
    vec![
        program(
            "curl_no_tls",
            get("https://127.83.78.5:9002/"),
            get("http://127.83.78.5:9003/"),
            &["wrong version number|SSL|TLS"],
        ),
        program(
            "python_no_tls",
            tls(
                "import ssl, socket\nssl._create_unverified_context().wrap_socket(socket.create_connection(('127.83.78.5', 9002)))",
            ),
            tls("import ssl, socket\nsocket.create_connection(('127.83.78.5', 9003))"),
            &["wrong version number|SSLError"],
        ),
        program(
            "python_certificate",
            tls(UNTRUSTED).file("/tmp/certificate.pem", &certificate()),
            tls("import ssl"),
            &["certificate verify failed|self-signed|CERTIFICATE_VERIFY_FAILED"],
        ),
    ]
}

/// Both ends of a connection in one process: the certificate is nobody's that is trusted.
const UNTRUSTED: &str = "
import socket, ssl, threading
mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); mine.load_cert_chain('/tmp/certificate.pem')
listener = socket.create_server(('127.0.0.1', 0))
def serve():
    try: mine.wrap_socket(listener.accept()[0], server_side=True)
    except OSError: pass
threading.Thread(target=serve, daemon=True).start()
ssl.create_default_context().wrap_socket(socket.create_connection(listener.getsockname()), server_hostname='shop.example')
";
