//! Servers under load: requests a second.

use super::interrupt;
use super::place::{Playground, Role, Running, Where};
use super::setting::Setting;
use anyhow::{Context as _, Result};
use rewind_tests::programs;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

const UP: Duration = Duration::from_secs(10);
const WITHIN: Duration = Duration::from_secs(300);
const FILE_BYTES: usize = 4096;
/// Connections or clients.
const WRK_CONNECTIONS: &str = "32";
const REDIS_CLIENTS: &str = "20";
const REDIS_REQUESTS: u64 = 200_000;
/// One in so many requests is made where they are slow.
const SLOW: u64 = 10;

/// A server that answers on a port of its own.
pub(super) struct Server {
    running: Running,
    port: u16,
}

/// nginx with one worker and one file.
pub(super) fn nginx(place: &Playground, setting: Setting) -> Result<Server> {
    let (dir, port) = (place.dir().join("nginx"), free_port()?);
    fs::create_dir_all(&dir)?;
    fs::write(dir.join("file"), vec![b'x'; FILE_BYTES])?;
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths: String = temporary.iter().map(|kind| format!("{kind}_temp_path {kind};\n")).collect();
    let config = format!(
        "daemon off; worker_processes 1; user root; pid pid; error_log stderr crit;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; sendfile on; keepalive_requests 1000000;\n{paths}\
         server {{ listen 127.0.0.1:{port}; root {}; }} }}\n",
        dir.display()
    );
    let file = dir.join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = place.command(setting.place(), Role::Server, &program("nginx"));
    let mut server = Server::up(place.start(command.arg("-p").arg(&dir).arg("-c").arg(&file))?, port)?;
    interrupt::eventually("nginx's worker", UP, || {
        server.running.check()?;
        Ok((place.processes(setting.place())?.len() > 1).then_some(()))
    })?;
    Ok(server)
}

/// redis that saves nothing.
pub(super) fn redis(place: &Playground, setting: Setting) -> Result<Server> {
    let port = free_port()?;
    let mut command = place.command(setting.place(), Role::Server, &program("redis-server"));
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
    Server::up(place.start(command.arg(place.dir()))?, port)
}

impl Server {
    fn up(mut running: Running, port: u16) -> Result<Self> {
        interrupt::eventually("the server to answer", UP, || {
            running.check()?;
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop))
        })?;
        Ok(Self { running, port })
    }

    /// Requests of one second, by wrk.
    pub(super) fn wrk(&mut self, place: &Playground, setting: Setting, seconds: u64) -> Result<f64> {
        let url = format!("http://127.0.0.1:{}/file", self.port);
        let wrk = |seconds: u64| {
            let mut wrk = place.command(Where::Host, Role::Client, &program("wrk"));
            wrk.args(["-t1", "-c", WRK_CONNECTIONS, "-d", &format!("{seconds}s"), &url]);
            place.run(&mut wrk, WITHIN)
        };
        self.asked(place, setting, || {
            wrk(1)?;
            wrk(seconds)
        })
        .and_then(|said| after(&said, "Requests/sec:"))
    }

    /// Requests of one second, by redis-benchmark.
    pub(super) fn redis_benchmark(&mut self, place: &Playground, setting: Setting, quick: bool) -> Result<f64> {
        let count = REDIS_REQUESTS / if setting.is_slow() { SLOW } else { 1 } / if quick { 4 } else { 1 };
        let port = self.port.to_string();
        let benchmark = |test: &str, count: u64| {
            let mut command = place.command(Where::Host, Role::Client, &program("redis-benchmark"));
            command.args(["-p", &port, "-c", REDIS_CLIENTS, "-t", test, "--csv", "-n", &count.to_string()]);
            place.run(&mut command, WITHIN)
        };
        self.asked(place, setting, || {
            // Makes the key that is asked for.
            benchmark("set", count / 10)?;
            benchmark("get", count)
        })
        .and_then(|said| after(&said, "\"GET\",\""))
    }

    /// Lets the tracer follow, asks, and sees that all were there to the end.
    fn asked(&mut self, place: &Playground, setting: Setting, ask: impl Fn() -> Result<String>) -> Result<String> {
        let mut tracer = setting.follow(place)?;
        let said = ask()?;
        if let Some(tracer) = &mut tracer {
            tracer.check()?;
        }
        self.running.check()?;
        Ok(said)
    }
}

/// The number behind a word.
fn after(said: &str, word: &str) -> Result<f64> {
    let number = said.split_once(word).map(|(_, rest)| rest.trim_start());
    let number = number.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit() && c != '.').next());
    number.and_then(|number| number.parse().ok()).with_context(|| format!("no figure behind {word} in: {said}"))
}

fn program(name: &str) -> PathBuf {
    programs::find(name).unwrap_or_else(|| name.into())
}

/// A port that nobody listens on.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_clients_print_is_understood() -> Result<()> {
        assert_eq!(after("  Latency  1\nRequests/sec:  12345.67\nTransfer/sec: 1MB\n", "Requests/sec:")?, 12345.67);
        assert_eq!(after("\"test\",\"rps\"\n\"GET\",\"66666.67\",\"0.1\"\n", "\"GET\",\"")?, 66666.67);
        assert!(after("nothing", "Requests/sec:").is_err());
        Ok(())
    }
}
