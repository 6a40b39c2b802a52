//! `kubectl port-forward` to an agent, and whoever misuses it.

use anyhow::{Context as _, Result};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long who says nothing holds a connection at most.
const HOLDS: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(20);

/// A port-forward to an agent. Dropping it ends it.
pub(crate) struct Forward {
    kubectl: Child,
    /// It says so of each connection, and ends where nobody listens.
    said: Option<BufReader<ChildStdout>>,
    pub(crate) port: u16,
}

impl Forward {
    pub(crate) fn start(admin: &User) -> Result<Self> {
        let mut command = admin.command(&["port-forward", "-n", agents::NAMESPACE, agents::DAEMON_SET, ":7979"])?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut forward = Self { kubectl: command.spawn()?, said: None, port: 0 };
        let mut said = String::new();
        let mut lines = BufReader::new(forward.kubectl.stdout.take().context("no standard output")?);
        lines.read_line(&mut said)?;
        // `Forwarding from 127.0.0.1:40001 -> 7979`
        let port = said.split([':', ' ']).find_map(|word| word.parse().ok());
        forward.port = port.with_context(|| format!("kubectl names no port: {said}"))?;
        forward.said = Some(lines);
        Ok(forward)
    }

    /// Reads on, so that kubectl never waits.
    fn drain(&mut self) {
        if let Some(mut said) = self.said.take() {
            thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// Many connections at a time: half of them say nothing, the others guess. Who is closed comes again.
pub(crate) struct Crowd {
    is_over: Arc<AtomicBool>,
    guesses: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
    _forwards: Vec<Forward>,
}

impl Crowd {
    pub(crate) fn start(admin: &User, size: usize, namespace: &str) -> Result<Self> {
        // One connection of kubectl to the API server would be the bottleneck.
        let mut forwards = (0..4).map(|_| Forward::start(admin)).collect::<Result<Vec<_>>>()?;
        forwards.iter_mut().for_each(Forward::drain);
        let (is_over, guesses) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..size).map(|number| {
            let port = forwards.get(number % forwards.len()).map_or(0, |forward| forward.port);
            let (is_over, guesses, namespace) = (Arc::clone(&is_over), Arc::clone(&guesses), namespace.to_owned());
            thread::spawn(move || {
                for round in 0_u64.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let request = match number % 2 {
                        0 => String::new(),
                        _ => guess(&namespace, number, round),
                    };
                    if let Ok(true) = once(port, &request) {
                        guesses.fetch_add(1, Ordering::Relaxed);
                    }
                    thread::sleep(AGAIN);
                }
            })
        });
        let threads = threads.collect();
        Ok(Self { is_over, guesses, threads, _forwards: forwards })
    }

    /// How many guesses were answered.
    pub(crate) fn guesses(&self) -> u64 {
        self.guesses.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Another name and another secret each time.
fn guess(namespace: &str, number: usize, round: u64) -> String {
    let secret = format!("{number:032x}{round:032x}");
    format!(
        "GET /v1/recordings HTTP/1.1\r\nhost: rewind\r\nrewind-request: {namespace}/rewind-{number}-{round}\r\nauthorization: Rewind {secret}\r\n\r\n"
    )
}

/// Whether there was an answer.
fn once(port: u16, request: &str) -> Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(HOLDS))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 64];
    Ok(stream.read(&mut answer)? > 0)
}
