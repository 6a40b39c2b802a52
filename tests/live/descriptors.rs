//! Descriptors that were open before the recording began.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::programs::{self, ours};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// Opens a file, a connection and a pipe, waits, and uses them; then writes to the file, which it may only
/// read. Descriptor 90 is closed and stands for another file in the end.
const SCRIPT: &str = r#"
import os, socket, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.dup2(file, 90)
server = socket.create_server(("127.0.0.1", 0))
peer = socket.create_connection(server.getsockname())
taken, _ = server.accept()
back, front = os.pipe()
print(file, peer.fileno(), front, server.getsockname()[1], peer.getsockname()[1], flush=True)
os.read(0, 1)
os.pread(file, 7, 0)
os.pread(90, 8, 0)
os.close(90)
os.dup2(os.open("/dev/zero", os.O_RDONLY), 90)
os.pread(90, 9, 0)
peer.send(b"x" * 11)
os.write(front, b"y" * 12)
try:
    os.write(file, b"z" * 13)
except OSError:
    os._exit(4)
"#;

pub(crate) fn adopted() -> Result<()> {
    let cgroup = Cgroup::new("open")?;
    // Not a digit after it: an escape before one has three digits.
    let file = tempfile::Builder::new().prefix("a<b>-").tempfile()?;
    let path = file.path().to_str().context("no UTF-8")?;
    let mut command = Command::new("python3");
    let mut child = command.args(["-c", SCRIPT, path]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    cgroup.adopt(child.id())?;
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().context("no standard output")?).read_line(&mut line)?;
    let numbers: Vec<&str> = line.split_whitespace().collect();
    let [fd, peer, front, port, own] = numbers[..] else { anyhow::bail!("it said {line:?}") };

    let mut agent = Agent::start()?;
    Dump::eventually(&agent, &cgroup.path(), "the read that it is in", |dump| {
        dump.named("read").any(|call| call.get("began_before").is_some())
    })?;
    // The next agent reads anew.
    agent.kill()?;
    agent.start_again(&[])?;
    child.stdin.take().context("no standard input")?.write_all(b"x")?;
    ensure!(child.wait()?.code() == Some(4), "the program ended otherwise");
    Dump::eventually(&agent, &cgroup.path(), "its end", |dump| dump.has("exit_group", "4"))?;
    let text = agent.ask(&["dump", &cgroup.path(), "-o", "strace", "-y"])?.success()?;
    // As strace -y has them, which knows no addresses.
    let escaped = path.replace('<', r"\74").replace('>', r"\76");
    for part in [
        format!("pread64({fd}<{escaped}>, "),
        format!("pread64(90<{escaped}>, "),
        "pread64(90</dev/zero>, ".to_owned(),
        format!("sendto({peer}<TCP:[127.0.0.1:{own}->127.0.0.1:{port}]>, "),
        format!("write({front}<pipe:["),
        format!("write({fd}<{escaped}>, "),
    ] {
        ensure!(text.contains(&part), "{part} is not in\n{text}");
    }
    let why = agent.ask(&["why", &cgroup.path()])?.success()?;
    ensure!(why.contains(path), "why does not name {path}:\n{why}");
    agent.stop()
}

pub(crate) fn inherited() -> Result<()> {
    let (printed, file) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
    let record = |arguments: &str, command: &str| {
        let script = format!(r#"exec "$0" record {arguments} -- {command}"#);
        programs::run(Command::new("sh").args(["-c", &script]).arg(ours("rewind-agent")))
    };
    let output = printed.path().display();
    record(&format!("-o strace -y --output {output}"), "sh -c 'read x <&9' 9</etc/passwd")?;
    let text = std::fs::read_to_string(printed.path())?;
    ensure!(text.contains("dup2(9</etc/passwd>, 0") && text.contains("(0</etc/passwd>"), "{text}");

    let said = record(&format!("-o file --output {}", file.path().display()), "sh -c 'echo lost' >/dev/full")?;
    ensure!(said.code != 0, "{said:?}");
    let why = Command::new(ours("rewind")).args(["why", "--from"]).arg(file.path()).output()?;
    let why = String::from_utf8(why.stdout)?;
    ensure!(why.contains("/dev/full") && why.contains("ENOSPC"), "{why}");
    Ok(())
}
