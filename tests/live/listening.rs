//! What listens: nobody who says nothing, or says it slowly, or too much of it, keeps others out.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use std::io::{ErrorKind, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const CROWD: usize = 200;
/// How many say nothing and may stay.
const SILENT: usize = 64;
const SOON: Duration = Duration::from_secs(5);
/// Longer than a head may take.
const SLOW: Duration = Duration::from_secs(12);
const HALF: &[u8] = b"GET /v1/version HTTP/1.1\r\nhost: rewind\r\nx-half: ";

/// An agent of a node whose API server is not there: what is refused before it is asked, is.
fn node() -> Result<(Agent, SocketAddr)> {
    // One that is free now.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let listen = port.to_string();
    let environment = vec![("KUBECONFIG", "/nonexistent".to_owned())];
    let agent = Agent::start_in(environment, &["--kubernetes", "--node-name", "node-a", "--listen", &listen])?;
    Ok((agent, port))
}

/// The status of the answer; `None`: it was closed without.
fn answered(stream: &mut (impl std::io::Read + Write), request: &[u8]) -> Result<Option<u16>> {
    // It may be closed before all is written.
    let _ = stream.write_all(request);
    let mut said = Vec::new();
    match stream.take(1 << 16).read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {}
        Err(error) => return Err(error).context("it neither answers nor closes"),
    }
    Ok(String::from_utf8_lossy(&said).split(' ').nth(1).and_then(|status| status.parse().ok()))
}

fn at_port(port: SocketAddr, request: &[u8], within: Duration) -> Result<Option<u16>> {
    let mut stream = TcpStream::connect(port)?;
    stream.set_read_timeout(Some(within))?;
    answered(&mut stream, request)
}

fn on_socket(agent: &Agent, request: &[u8], within: Duration) -> Result<Option<u16>> {
    let mut stream = UnixStream::connect(agent.socket())?;
    stream.set_read_timeout(Some(within))?;
    answered(&mut stream, request)
}

/// What `rewind-agent health` says.
fn health(agent: &Agent) -> Result<String> {
    programs::run(Command::new(ours("rewind-agent")).arg("health").arg("--socket").arg(agent.socket()))?.success()
}

fn counted(agent: &Agent, words: &str) -> Result<u64> {
    let said = health(agent)?;
    let line = said.lines().find(|line| line.ends_with(words));
    Ok(line.and_then(|line| line.split(' ').next()?.parse().ok()).unwrap_or(0))
}

/// Whether the other end has closed it.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).is_ok()
        && !matches!(stream.read(&mut [0]), Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

pub(crate) fn silent() -> Result<()> {
    let (agent, port) = node()?;
    let begun = Instant::now();
    let mut at_port_all = Vec::new();
    let mut on_socket_all = Vec::new();
    for _ in 0..CROWD {
        at_port_all.push(TcpStream::connect(port)?);
        on_socket_all.push(UnixStream::connect(agent.socket())?);
    }
    // Who comes now is answered at once.
    let status = at_port(port, b"GET /v1/version HTTP/1.1\r\nhost: rewind\r\n\r\n", SOON)?;
    ensure!(status == Some(401), "{status:?}");
    agent.ask(&["list"])?.success()?;
    ensure!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    // The newest have stayed, and go when they have had their time.
    let closed = at_port_all.iter_mut().filter_map(|stream| is_closed(stream).then_some(())).count();
    ensure!((CROWD - SILENT..=CROWD - SILENT + 1).contains(&closed), "{closed} were closed");
    ensure!(counted(&agent, "having shown nothing")? >= 2 * (CROWD - SILENT) as u64, "{}", health(&agent)?);
    eventually("all who say nothing to be gone", SLOW, || at_port_all.iter_mut().all(is_closed).then_some(()))?;
    ensure!(counted(&agent, "nothing in time")? >= SILENT as u64, "{}", health(&agent)?);
    agent.stop()
}

pub(crate) fn slow() -> Result<()> {
    let (agent, port) = node()?;
    let mut loris = TcpStream::connect(port)?;
    loris.write_all(HALF)?;
    let begun = Instant::now();
    // A letter now and then does not keep it.
    let gone = eventually("a slow one to be gone", SLOW, || {
        thread::sleep(Duration::from_millis(200));
        (loris.write_all(b"x").is_err() || is_closed(&mut loris)).then_some(begun.elapsed())
    })?;
    ensure!(gone > Duration::from_secs(1), "it was gone after {gone:?} already");
    let half = on_socket(&agent, HALF, SLOW)?;
    ensure!(half.is_none_or(|status| status == 408), "half a head was answered with {half:?}");
    ensure!(counted(&agent, "nothing in time")? >= 2, "{}", health(&agent)?);
    // A head that never ends is refused before it is all in memory.
    let endless =
        [b"GET /v1/version HTTP/1.1\r\nhost: rewind\r\nx: ".as_slice(), &[b'x'; 64 << 10], b"\r\n\r\n"].concat();
    let many = [b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(1000), b"\r\n"].concat();
    for (what, request) in
        [("endless", &endless), ("many", &many), ("no HTTP", &b"\x16\x03\x01\x02\x00\x01\r\n\r\n".to_vec())]
    {
        for status in [at_port(port, request, SOON)?, on_socket(&agent, request, SOON)?] {
            ensure!(status.is_none_or(|status| [400, 431].contains(&status)), "{what} was answered with {status:?}");
        }
    }
    ensure!(counted(&agent, "or too long")? >= 4, "{}", health(&agent)?);
    agent.stop()
}

/// Ends in the middle of all kinds of things, many at a time; then it answers as before.
pub(crate) fn broken() -> Result<()> {
    let (agent, port) = node()?;
    let all = b"PUT /v1/recordings/1/payload HTTP/1.1\r\nhost: rewind\r\ncontent-length: 100000\r\n\r\n{\"on\": ";
    for length in 0..all.len() {
        let mut at_port = TcpStream::connect(port)?;
        let mut on_socket = UnixStream::connect(agent.socket())?;
        let part = all.get(..length).unwrap_or_default();
        at_port.write_all(part)?;
        on_socket.write_all(part)?;
    }
    let status = at_port(port, b"GET /v1/version HTTP/1.1\r\nhost: rewind\r\n\r\n", SOON)?;
    ensure!(status == Some(401), "{status:?}");
    agent.ask(&["list"])?.success()?;
    agent.stop()
}
