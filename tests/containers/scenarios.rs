//! The troubles that people come with, as real containers: `why` names the right cause first, from the ring of
//! a container that is gone, and from its crash file.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Says nothing of what it fails to do.
const START: &str = "
import socket, sys
def read(path):
    try: return open(path).read()
    except OSError: return None
token, config = read('/run/secrets/token'), read('/etc/app/config.yaml')
if config is None: sys.exit(1)
try: socket.create_connection(('127.0.0.1', 1))
except OSError: sys.exit(1)
";

pub(crate) fn startup() -> Result<()> {
    let agent = Agent::start()?;
    let id = format!("rewind-start-{}", std::process::id());
    let run = |prepare: &dyn Fn(&Path) -> Result<()>| {
        let container = Container::with_id(&id, &python(START))?;
        prepare(&container.bundle().join("rootfs"))?;
        let said = container.run()?;
        ensure!((said.code, said.stderr.as_str()) == (1, ""), "{said:?}");
        Ok(())
    };
    run(&|_| Ok(()))?;
    let missing = "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT).";
    let before = Told::of(&agent, &id, 1)?;
    before.expect(missing, "openat(AT_FDCWD, \"/etc/app/config.yaml\", O_RDONLY|O_CLOEXEC) = -1 ENOENT")?;

    run(&|root| {
        put(&root.join("run/secrets/token"), "t", 0o400)?;
        put(&root.join("etc/app/config.yaml"), "port: 1", 0o644)
    })?;
    let told = Told::of(&agent, &id, 2)?;
    let refused = "It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED).";
    told.expect(refused, "sin_port=htons(1), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED")?;
    told.mentions("openat of /run/secrets/token was denied (EACCES)")?;
    let previous = agent.ask(&["why", &id, "--previous"])?.success()?;
    ensure!(unwrapped(&previous).starts_with(missing), "{previous}");
    agent.stop()
}

pub(crate) fn crash() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-crash", &python("import time; time.sleep(1); open('/etc/passwd', 'w')"))?;
    let told = told(&agent, container, 1)?;
    let denied =
        r#"openat(AT_FDCWD, "/etc/passwd", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = -1 EACCES (Permission denied)"#;
    told.expect("It exited with 1 after openat of /etc/passwd was denied (EACCES)", denied)?;
    let dump = agent.ask(&["dump", &told.id, "-o", "strace"])?.success()?;
    ensure!(dump.matches(denied).count() == 1, "it was tried once:\n{dump}");
    for line in ["write(2, \"PermissionError", "+++ exited with 1 +++"] {
        ensure!(dump.contains(line), "`{line}` is not there:\n{dump}");
    }
    agent.stop()
}

pub(crate) fn descriptors() -> Result<()> {
    let agent = Agent::start()?;
    let script = "ulimit -n 32; exec python3 -c 'f = [open(\"/etc/group\") for _ in range(99)]'";
    let told = told(&agent, Container::new("rewind-full", &Spec::new(["/bin/sh", "-c", script]))?, 1)?;
    let first = "openat(AT_FDCWD, \"/etc/group\", O_RDONLY|O_CLOEXEC) = -1 EMFILE (Too many open files)";
    told.expect(
        "It exited with 1 after openat of /etc/group found all descriptors of the process in use (EMFILE)",
        first,
    )?;
    ensure!(told.answer().contains("29 of those open are /etc/group"), "{}", told.answer());
    let kinds = told.why.pointer("/descriptors/kinds/0").map(Value::to_string);
    ensure!(kinds.as_deref() == Some("[\"/etc/group\",29]"), "{kinds:?}");
    agent.stop()
}

pub(crate) fn refused() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import socket, time
for _ in range(3):
    try: socket.create_connection(('127.0.0.1', 1))
    except OSError as error: last = error; time.sleep(0.1)
raise last
";
    let told = told(&agent, Container::new("rewind-refused", &python(script))?, 1)?;
    told.expect(
        "It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED), 3 times.",
        "inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED (Connection refused)",
    )?;
    agent.stop()
}

/// A listener whose queue is full drops what asks for a connection, as a firewall does.
const SILENT: &str = "
import socket
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(0)
full = socket.create_connection(listener.getsockname())
";

pub(crate) fn timed_out() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!(
        "{SILENT}
late = socket.socket(); late.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
late.connect(listener.getsockname())"
    );
    let told = told(&agent, Container::new("rewind-late", &python(&script))?, 1)?;
    told.expect("It exited with 1 after connect to 127.0.0.1:", "16) = -1 ETIMEDOUT (Connection timed out)")?;
    ensure!(told.answer().contains(" timed out (ETIMEDOUT) after "), "{}", told.answer());
    let dump = agent.ask(&["dump", &told.id, "-e", "connect", "--failed", "-o", "strace", "-T"])?.success()?;
    let late = dump.lines().filter(|line| line.contains("-1 ETIMEDOUT (Connection timed out) <"));
    ensure!(late.count() == 1, "{dump}");
    agent.stop()
}

pub(crate) fn given_up() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!("{SILENT}\nsocket.create_connection(listener.getsockname(), timeout=0.5)");
    let told = told(&agent, Container::new("rewind-given-up", &python(&script))?, 1)?;
    told.expect("It exited with 1 after connect to 127.0.0.1:", "16) = -1 EINPROGRESS")?;
    ensure!(told.answer().contains(" got no answer after 5"), "{}", told.answer());
    agent.stop()
}

pub(crate) fn unanswered() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!("{SILENT}\nfull.settimeout(0.5); full.sendall(b'SELECT 1'); full.recv(100)");
    let told = told(&agent, Container::new("rewind-unanswered", &python(&script))?, 1)?;
    told.expect("It exited with 1 after what it sent to 127.0.0.1:", "sendto(4, ")?;
    ensure!(told.answer().contains(" got no answer after 5"), "{}", told.answer());
    agent.stop()
}

pub(crate) fn unreachable() -> Result<()> {
    let agent = Agent::start()?;
    let mut spec = python("import socket; socket.create_connection(('10.96.0.1', 443))");
    spec.own_network = true;
    let told = told(&agent, Container::new("rewind-no-route", &spec)?, 1)?;
    told.expect(
        "It exited with 1 after connect to 10.96.0.1:443 found no route (ENETUNREACH).",
        "inet_addr(\"10.96.0.1\")}, 16) = -1 ENETUNREACH (Network is unreachable)",
    )?;
    agent.stop()
}

/// A container whose resolver asks that server for the address of its database.
fn resolving(server: &str) -> Result<Container> {
    let script = "import socket; socket.create_connection(('db.prod.example', 5432))";
    let container = Container::new("rewind-dns", &python(script))?;
    let resolver = format!("nameserver {server}\noptions timeout:1 attempts:2\n");
    put(&container.bundle().join("rootfs/etc/resolv.conf"), &resolver, 0o644)?;
    Ok(container)
}

pub(crate) fn silent_dns() -> Result<()> {
    const SERVER: &str = "127.83.77.53";
    let agent = Agent::start()?;
    let _silent = UdpSocket::bind((SERVER, 53)).context("cannot take port 53")?;
    let told = told(&agent, resolving(SERVER)?, 1)?;
    let answer = format!("It exited with 1 after a question to the name server {SERVER}:53 got no answer after 2");
    told.expect(&answer, "send")?;
    let dump = agent.ask(&["dump", &told.id, "-e", "%network", "-o", "strace", "-y"])?.success()?;
    ensure!(dump.contains(&format!("<UDP:[->{SERVER}:53]>")), "the question is not there:\n{dump}");
    agent.stop()
}

pub(crate) fn no_dns() -> Result<()> {
    let agent = Agent::start()?;
    let told = told(&agent, resolving("127.83.77.54")?, 1)?;
    let answer =
        "It exited with 1 after a question to the name server 127.83.77.54:53 got an error in place of an answer";
    told.expect(answer, "revents=POLLERR")?;
    agent.stop()
}

pub(crate) fn secret() -> Result<()> {
    let agent = Agent::start()?;
    let secrets = tempfile::tempdir()?;
    put(&secrets.path().join("token"), "t", 0o400)?;
    fs::set_permissions(&secrets, Permissions::from_mode(0o755))?;
    let script = "
import os, sys
for path in ['/etc/app/token', '/.config/app/token', '/run/secrets/token']:
    try: open(path); break
    except OSError: pass
else:
    os.stat(path); sys.exit('no usable token')
";
    let mut spec = python(script);
    spec.mounts.push((secrets.path().to_owned(), "/run/secrets".into()));
    let told = told(&agent, Container::new("rewind-secret", &spec)?, 1)?;
    told.expect(
        "It exited with 1 after openat of /run/secrets/token was denied (EACCES)",
        "openat(AT_FDCWD, \"/run/secrets/token\", O_RDONLY|O_CLOEXEC) = -1 EACCES (Permission denied)",
    )?;
    let known = "; it ran as user 65534, and the file is user 0's with mode 0400.";
    ensure!(told.answer().ends_with(known), "{}", told.answer());
    let tried = told.why.get("tried").and_then(Value::as_array).context("no paths")?;
    let tried: Vec<_> =
        tried.iter().filter_map(|tried| Some((tried.get("path")?.as_str()?, tried.get("result")?.as_str()?))).collect();
    let in_order = [
        ("/etc/app/token", "ENOENT"),
        ("/.config/app/token", "ENOENT"),
        ("/run/secrets/token", "EACCES"),
        ("/run/secrets/token", "ok"),
    ];
    ensure!(tried == in_order, "{tried:?}");
    agent.stop()
}

pub(crate) fn slow_disk() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import os
file = os.open('/tmp/journal', os.O_WRONLY | os.O_CREAT)
while True: os.write(file, b'entry'); os.fsync(file)
";
    let container = Container::new("rewind-fsync", &python(script))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "for the disk: ")?;
    ensure!(
        unwrapped(&screen).contains(" in fsync, the longest ") && unwrapped(&screen).contains(" on /tmp/journal."),
        "{screen}"
    );
    ensure!(!screen.contains("runc"), "the runtime is none of its affairs:\n{screen}");
    let top = agent.ask(&["top", container.id()])?.success()?;
    ensure!(top.contains("fsync: waiting for the disk to keep what was written (look here)"), "{top}");
    agent.stop()
}

pub(crate) fn deadlock() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import threading, time
one, other = threading.Lock(), threading.Lock()
def take(first, second):
    with first:
        time.sleep(0.1)
        with second: pass
for pair in [(one, other), (other, one)]: threading.Thread(target=take, args=pair).start()
";
    let container = Container::new("rewind-deadlock", &python(script))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "wait for each other's locks (futex)")?;
    let waiting = screen.lines().filter(|line| line.contains("futex(") && line.ends_with("still in it"));
    ensure!(screen.contains("What its threads are in") && waiting.count() >= 3, "{screen}");
    let top = agent.ask(&["top", container.id(), "--by", "both"])?.success()?;
    let columns = top.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let now_in_it =
        columns.filter(|columns| columns.get(1..3) == Some(&["python3", "futex"]) && columns.last() == Some(&"1"));
    ensure!(now_in_it.count() == 3 && top.contains("futex: waiting for a lock or another thread (look here)"), "{top}");
    agent.stop()
}

pub(crate) fn no_answer() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import socket
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(1)
peer = socket.create_connection(listener.getsockname())
peer.settimeout(60)
peer.sendall(b'SELECT 1')
peer.recv(100)
";
    let container = Container::new("rewind-waits", &python(script))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "what it sent to 127.0.0.1:")?;
    ensure!(screen.contains("poll([{fd=4<TCP:[->127.0.0.1:"), "the thread is not in a poll of the peer:\n{screen}");
    let top = agent.ask(&["top", container.id(), "--by", "descriptor"])?.success()?;
    ensure!(top.contains("4<TCP:[->127.0.0.1:"), "{top}");
    agent.stop()
}

fn python(script: &str) -> Spec {
    Spec::new(["/usr/bin/python3", "-c", script])
}

/// A file of the container's own, which root owns.
fn put(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::create_dir_all(path.parent().context("no directory")?)?;
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

/// Runs a container to its end, which is to be that code, and lets go of it.
fn told(agent: &Agent, container: Container, code: i32) -> Result<Told> {
    let said = container.run()?;
    ensure!(said.code == code, "it ended otherwise: {said:?}");
    let id = container.id().to_owned();
    drop(container);
    Told::of(agent, &id, 1)
}

/// What `why` says of a living container, once `words` are in its answer.
fn living(agent: &Agent, container: &Container, words: &str) -> Result<String> {
    let mut last = String::new();
    let told = eventually("an answer", SOON, || {
        last = agent.ask(&["why", container.id()]).ok()?.stdout;
        unwrapped(&last).contains(words).then(|| last.clone())
    });
    let screen = told.with_context(|| format!("`{words}` is not in the answer:\n{last}"))?;
    ensure!(screen.starts_with("It is running; but "), "{screen}");
    narrow(&screen)?;
    Ok(screen)
}

/// The first paragraph in one line.
fn unwrapped(screen: &str) -> String {
    screen.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}

fn narrow(screen: &str) -> Result<()> {
    let wide = screen.lines().find(|line| line.chars().count() > 80);
    ensure!(wide.is_none(), "wider than 80 columns: {wide:?}\n{screen}");
    Ok(())
}

/// What `why` says of a container that is gone.
struct Told {
    id: String,
    why: Value,
    screen: String,
}

impl Told {
    /// From the ring, and the same from its crash file, the last of `runs`.
    fn of(agent: &Agent, id: &str, runs: usize) -> Result<Self> {
        let files = || {
            let listed = agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout;
            let listed: Value = serde_json::from_str(&listed).ok()?;
            let of_it = |crash: &&Value| {
                let named = crash.pointer("/header/container/id").and_then(Value::as_str);
                named.is_some_and(|name| name.starts_with(id))
            };
            let files = listed.get("crashes")?.as_array()?.iter().filter(of_it);
            let files: Vec<PathBuf> = files.filter_map(|crash| Some(crash.get("file")?.as_str()?.into())).collect();
            (files.len() == runs).then_some(files)
        };
        let files = eventually("the crash file", SOON, files).with_context(|| agent.log())?;
        let file = agent.crash_dir().join(files.last().context("no file")?);
        let from = |output: &str| {
            let mut command = Command::new(ours("rewind"));
            programs::run(command.args(["why", "-o", output, "--from"]).arg(&file))?.success()
        };
        let why: Value = serde_json::from_str(&agent.ask(&["why", id, "-o", "json"])?.success()?)?;
        let filed: Value = serde_json::from_str(&from("json")?)?;
        // Times of day are as good as the clock was when each was read.
        for part in
            ["/answer", "/findings/0/evidence/0/call", "/findings/0/evidence/0/ktime_ns", "/said", "/descriptors"]
        {
            ensure!(why.pointer(part) == filed.pointer(part), "{part}: the ring: {why}\nthe file: {filed}");
        }
        let screen = agent.ask(&["why", id])?.success()?;
        ensure!(unwrapped(&screen) == unwrapped(&from("table")?), "{screen}");
        narrow(&screen)?;
        Ok(Self { id: id.to_owned(), why, screen })
    }

    fn answer(&self) -> String {
        unwrapped(&self.screen)
    }

    /// The answer begins so, and rests on that call.
    fn expect(&self, answer: &str, evidence: &str) -> Result<()> {
        ensure!(self.answer().starts_with(answer), "`{answer}` is not the beginning of this:\n{}", self.screen);
        let rests_on = self.why.pointer("/findings/0/evidence").and_then(Value::as_array).context("no evidence")?;
        let mut calls = rests_on.iter().filter_map(|moment| moment.get("call")?.as_str());
        ensure!(calls.any(|call| call.contains(evidence)), "it does not rest on `{evidence}`: {rests_on:?}");
        Ok(())
    }

    /// It stands among what was found as well.
    fn mentions(&self, text: &str) -> Result<()> {
        ensure!(unwrapped(&self.screen.replace("\n\n", "\n")).contains(text), "`{text}` is missing:\n{}", self.screen);
        Ok(())
    }
}
