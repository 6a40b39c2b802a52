//! Who programs of the corpus talk to: name servers that know nothing, listeners that hang up, a server whose answers are
//! errors; and clients of servers. They do so as long as the test program runs.

use anyhow::{Context as _, Result};
use rewind_tests::programs;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A name server that takes questions and keeps silent.
pub(crate) const SILENT_DNS: &str = "nameserver 127.83.78.1\noptions timeout:1 attempts:1\n";
/// A name server that knows no name: NXDOMAIN.
pub(crate) const EMPTY_DNS: &str = "nameserver 127.83.78.2\noptions timeout:1 attempts:1\n";
/// A name server that has failed: SERVFAIL.
pub(crate) const FAILED_DNS: &str = "nameserver 127.83.78.3\noptions timeout:1 attempts:1\n";
/// Where nobody answers questions.
pub(crate) const NO_DNS: &str = "nameserver 127.83.78.4\noptions timeout:1 attempts:1\n";

/// Servers that are asked for a path again and again, by clients that wait no longer than [`CLIENT_WAITS`].
pub(crate) const STUCK_SERVER: &str = "127.83.79.8:8101";
pub(crate) const SINGLE_SERVER: &str = "127.83.79.8:8102";
pub(crate) const RAISING_SERVER: &str = "127.83.79.8:8103";
pub(crate) const GATEWAY: &str = "127.83.79.4:8104";
const CLIENT_WAITS: Duration = Duration::from_millis(1200);

const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;

/// Starts them all: 127.83.78.5:9000 hangs up on who has said something, 127.83.78.5:9001 keeps silent,
/// 127.83.78.5:9002 speaks no TLS, 127.83.78.5:9003 hangs up on nobody and answers, 127.83.78.5:9004 answers with the
/// status that the path is, 127.83.78.5:9005 says nothing and hangs up, 127.83.78.5:9006 answers in part, 127.83.78.6 has
/// its ports 8080 and 1883 taken.
pub(crate) fn start() -> Result<()> {
    let silent = UdpSocket::bind("127.83.78.1:53").context("cannot take port 53")?;
    thread::spawn(move || {
        let mut question = [0; 512];
        while silent.recv(&mut question).is_ok() {}
    });
    answer("127.83.78.2:53", NXDOMAIN)?;
    answer("127.83.78.3:53", SERVFAIL)?;
    // What has come and was not read is thrown away: a reset.
    each("127.83.78.5:9000", |stream| drop(stream.peek(&mut [0])))?;
    each("127.83.78.5:9001", |stream| {
        thread::spawn(move || while std::io::Read::read(&mut &stream, &mut [0; 64]).is_ok_and(|read| read > 0) {});
    })?;
    each("127.83.78.5:9002", |stream| {
        let _ = std::io::Read::read(&mut &stream, &mut [0; 1024]);
        let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.0 400 Bad Request\r\n\r\n");
    })?;
    each("127.83.78.5:9003", |stream| {
        let _ = std::io::Read::read(&mut &stream, &mut [0; 1024]);
        let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    })?;
    each("127.83.78.5:9004", |stream| {
        let mut request = [0; 1024];
        let read = std::io::Read::read(&mut &stream, &mut request).unwrap_or_default();
        let path = String::from_utf8_lossy(&request[..read]).split([' ', '?']).nth(1).map(str::to_owned);
        let status = path.as_deref().map_or("400", |path| path.trim_start_matches('/'));
        let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = std::io::Write::write_all(&mut &stream, response.as_bytes());
    })?;
    each("127.83.78.5:9005", drop)?;
    each("127.83.78.5:9006", |stream| {
        let _ = std::io::Read::read(&mut &stream, &mut [0; 1024]);
        let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhello");
        thread::spawn(move || while std::io::Read::read(&mut &stream, &mut [0; 64]).is_ok_and(|read| read > 0) {});
    })?;
    for taken in ["127.83.78.6:8080", "127.83.78.6:1883"] {
        each(taken, drop)?;
    }
    let counters = [STUCK_SERVER, SINGLE_SERVER, RAISING_SERVER];
    let asked = counters.into_iter().flat_map(|server| [(server, "/inc"), (server, "/health")]);
    for (server, path) in asked.chain([(GATEWAY, "/cart")]) {
        let server: SocketAddr = server.parse()?;
        thread::spawn(move || {
            loop {
                // Most of the time nobody is there.
                let _ = ask(server, path);
                thread::sleep(Duration::from_millis(300));
            }
        });
    }
    Ok(())
}

/// One request, on a connection of its own.
fn ask(server: SocketAddr, path: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, CLIENT_WAITS)?;
    stream.set_read_timeout(Some(CLIENT_WAITS))?;
    std::io::Write::write_all(&mut stream, format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").as_bytes())?;
    std::io::Read::read(&mut stream, &mut [0; 1024]).map(|_| ())
}

/// A key with a certificate that nobody trusts; empty where there is no openssl.
pub(crate) fn certificate() -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]);
    openssl.args(["-subj", "/CN=shop.example", "-keyout", "-", "-out", "-"]);
    programs::run(&mut openssl).map(|said| said.stdout).unwrap_or_default()
}

fn each(address: &'static str, then: impl Fn(std::net::TcpStream) + Send + 'static) -> Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
    thread::spawn(move || listener.incoming().flatten().for_each(then));
    Ok(())
}

/// Each question comes back as an answer with that code and nothing else.
fn answer(address: &'static str, code: u8) -> Result<()> {
    let socket = UdpSocket::bind(address).with_context(|| format!("cannot take {address}"))?;
    thread::spawn(move || {
        let mut message = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut message) {
            // QR, RD; RA and the code (RFC 1035, 4.1.1); no further section than the question.
            message[2] = 0x81;
            message[3] = 0x80 | code;
            message[6..12].fill(0);
            // Behind the question an EDNS record may stand, which is not repeated.
            let name = message[12..length].iter().position(|byte| *byte == 0).unwrap_or_default();
            let _ = socket.send_to(&message[..(12 + name + 5).min(length)], from);
        }
    });
    Ok(())
}
