//! Whoever may open a port-forward to an agent keeps nobody else from reading.

use crate::port::Forward;
use crate::reading::{grant, with_pod};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const SIZE: usize = 100;
/// Some seconds; a reader without the crowd takes one, on a machine with nothing else to do.
const READS: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(30);

/// How long who says nothing holds a connection at most.
const HOLDS: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(20);

/// Many connections at a time: half of them say nothing, the others guess. Who is closed comes again.
struct Crowd {
    is_over: Arc<AtomicBool>,
    guesses: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
    _forwards: Vec<Forward>,
}

impl Crowd {
    fn start(admin: &User, size: usize, namespace: &str) -> Result<Self> {
        // One connection of kubectl to the API server would be the bottleneck.
        let mut forwards = (0..4).map(|_| Forward::start(admin, agents::DAEMON_SET)).collect::<Result<Vec<_>>>()?;
        forwards.iter_mut().for_each(Forward::drain);
        let (is_over, guesses) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..size).map(|number| {
            let port = forwards.get(number % forwards.len()).map_or(0, |forward| forward.port());
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
    fn guesses(&self) -> u64 {
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

fn counted(admin: &User, name: &str) -> Result<u64> {
    let said = admin.ask(&["rewind", "status", "-o", "json"])?;
    let nodes: Value = serde_json::from_str(&said)?;
    let nodes = nodes.as_array().context("no list")?;
    Ok(nodes.iter().filter_map(|node| node.pointer(&format!("/counts/{name}"))?.as_u64()).sum())
}

pub(crate) fn held_up() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("crowd")?;
        let reader = User::called("dora")?;
        grant(&namespace, "rewind-viewer", "dora")?;
        let before = counted(admin, "refused_unknown")?;
        let crowd = Crowd::start(admin, SIZE, namespace.name())?;
        eventually("a hundred guesses", SOON, || (crowd.guesses() > 100).then_some(()))?;
        for _ in 0..3 {
            let begun = Instant::now();
            let dump = namespace.kubectl_as(&reader, &["rewind", "dump", "pod/web"])?.success()?;
            let took = begun.elapsed();
            ensure!(dump.contains("execve(\"/bin/sleep\""), "{dump}");
            ensure!(took < READS, "it took {took:?}");
            println!("read in {took:?} beside {} guesses", crowd.guesses());
        }
        let guessed = counted(admin, "refused_unknown")? - before;
        ensure!(guessed >= 100, "{guessed} guesses were counted of {}", crowd.guesses());
        drop(crowd);
        let told = admin.kubectl(&["rewind", "status"])?;
        ensure!(told.stderr.contains("at the port with a wrong name or secret"), "{told:?}");
        Ok(())
    })
}
