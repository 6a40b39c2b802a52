//! The README's everyday commands, run as they stand there, on a container called `web`.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::Collector;
use rewind_tests::container::Container;
use rewind_tests::dump;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, Said, ours, work_tree};
use rewind_tests::readme;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const BUSY: &str = "while :; do cat /etc/hostname /nonexistent 2>/dev/null; sleep 0.1; done";

pub(crate) fn everyday() -> Result<()> {
    let agent = Agent::start()?;
    // The run before the one that is looked at. It lives long enough to get its name.
    let before = "cat /etc/hostname; sleep 1";
    Container::with_id("web", &Spec::new(["/usr/bin/busybox", "sh", "-c", before]))?.run()?;
    let container = Container::with_id("web", &Spec::new(["/usr/bin/busybox", "sh", "-c", BUSY]))?;
    let _running = container.start()?;
    eventually("both runs of web to be listed by its name", SOON, || {
        let rows = dump::list(&agent).ok()?;
        let is_web = |row: &&serde_json::Value| row.pointer("/container/name").is_some_and(|name| name == "web");
        (rows.iter().filter(is_web).count() == 2).then_some(())
    })?;
    let text = std::fs::read_to_string(work_tree().join("README.md")).context("cannot read README.md")?;
    // Some of them write files.
    let dir = tempfile::tempdir()?;
    let mut ran = 0;
    for shown in readme::commands(&text) {
        let words: Vec<&str> = shown.command.split_whitespace().collect();
        let said = match words.as_slice() {
            // Until somebody ends it: Ctrl-C after two seconds.
            ["rewind", "trace", rest @ ..] => interrupted(&agent, rest)?,
            // To a Collector of our own.
            ["rewind", "export", file, "--endpoint", _] => {
                let collector = Collector::start()?;
                programs::run(agent.rewind(&["export", file, "--endpoint", &collector.endpoint()]).current_dir(&dir))?
            }
            ["rewind", rest @ .., ">", file] => {
                let file = File::create(dir.path().join(file))?;
                programs::run(agent.rewind(rest).current_dir(&dir).stdout(file))?
            }
            ["rewind", rest @ ..] => programs::run(agent.rewind(rest).current_dir(&dir))?,
            // With the agent that stands below it.
            ["export", assignment] => {
                super::exported::as_shown(assignment)?;
                continue;
            }
            // The recorder is running already.
            ["rewind-agent", "run", ..] => continue,
            ["rewind-agent", "record", ..] => record(&words, dir.path())?,
            ["rewind-agent", rest @ ..] => {
                programs::run(Command::new(ours("rewind-agent")).args(rest).current_dir(&dir))?
            }
            // Verbs of the developer: these tests are one of them.
            _ => continue,
        };
        // As diff(1).
        let is_told = words.starts_with(&["rewind", "diff"]) && said.code == 1 && said.stderr.is_empty();
        ensure!(said.code == 0 || is_told, "README.md:{}: `{}`: {said:?}", shown.line, shown.command);
        ran += 1;
    }
    ensure!(ran >= 6, "only {ran} commands were run");
    agent.stop()
}

fn interrupted(agent: &Agent, rest: &[&str]) -> Result<Said> {
    let socket = agent.socket();
    let mut trace = Command::new("timeout");
    trace.args(["--preserve-status", "--signal=INT", "2"]).arg(ours("rewind")).arg("trace").args(rest);
    programs::run(trace.arg("--socket").arg(socket))
}

/// As it stands there, but for the exit code, which is the command's own: nothing may serve port 80 here.
fn record(words: &[&str], dir: &Path) -> Result<Said> {
    let mut agent = Command::new(ours("rewind-agent"));
    let mut said = programs::run(agent.args(words.get(1..).unwrap_or_default()).current_dir(dir))?;
    let command = words.iter().skip_while(|word| **word != "--").nth(1).context("no command behind --")?;
    let shows_it = said.stderr.contains("execve(") && said.stderr.contains(&format!("/{command}\""));
    ensure!(shows_it, "the recording of {command} is not there: {said:?}");
    said.code = 0;
    Ok(said)
}

pub(crate) fn payload() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-payload", &Spec::new(["/usr/bin/busybox", "sh", "-c", BUSY]))?;
    let _running = container.start()?;
    let id = container.id();
    let read = || -> Option<String> {
        let said = agent.ask(&["dump", id, "--syscall", "read,sendfile", "-o", "strace", "-s", "64"]).ok()?;
        said.stdout.contains("read(").then_some(said.stdout)
    };
    let name = std::fs::read_to_string("/etc/hostname")?;
    let held = eventually("a read", SOON, read)?;
    ensure!(!held.contains(name.trim()) || name.trim().is_empty(), "payload was kept unasked:\n{held}");
    agent.ask(&["payload", id, "on"])?.success()?;
    eventually("bytes of a read", SOON, || {
        let text = read()?;
        // Only a read that returned bytes shows them in quotes.
        text.lines().any(|line| line.contains("read(") && line.contains(", \"")).then_some(())
    })?;
    agent.ask(&["payload", id, "off"])?.success()?;
    agent.stop()
}
