//! What `diff` says of runs of one container: of two healthy ones nothing, of one that failed what it did not find.

use crate::scenarios::python;
use anyhow::{Context as _, Result, bail, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, Said, ours};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const CONFIG: &str = "etc/app/config.yaml";

/// Does what is another in each run: threads, children, temporary files, numbers, a port that the kernel chooses.
const START: &str = "
import json, os, socket, subprocess, sys, tempfile, threading, time, uuid
with tempfile.NamedTemporaryFile() as lock: os.stat(lock.name)
work = tempfile.mkdtemp()
for name in (uuid.uuid4(), os.getpid(), time.time_ns()): open(f'{work}/{name}.log', 'w').close()
def look(): open(f'/proc/{os.getpid()}/status').read()
threads = [threading.Thread(target=look) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
subprocess.run(['/bin/sh', '-c', 'cat /etc/passwd | wc -l'], stdout=subprocess.DEVNULL)
try: config = open('/etc/app/config.yaml').read()
except OSError: sys.exit(1)
subprocess.run(['/usr/bin/busybox', 'cat', '/etc/app/config.yaml'], stdout=subprocess.DEVNULL)
";

/// The same in a shell's words.
const SHELL: &str =
    "for i in 1 2 3; do echo $$ > /tmp/run.$$; cat /proc/self/status > /dev/null; done; ls /usr/lib > /dev/null";

fn run(id: &str, spec: &Spec, config: bool, code: i32) -> Result<()> {
    let container = Container::with_id(id, spec)?;
    if config {
        let file = container.bundle().join("rootfs").join(CONFIG);
        fs::create_dir_all(file.parent().context("no directory")?)?;
        fs::write(file, "port: 1")?;
    }
    let said = container.run()?;
    ensure!(said.code == code, "{said:?}");
    Ok(())
}

/// Both runs, once both are known.
fn differ(agent: &Agent, arguments: &[&str]) -> Result<(Said, Value)> {
    let said = agent.ask(&[&["diff", "-o", "json"], arguments].concat())?;
    let told = serde_json::from_str(&said.stdout).with_context(|| format!("{said:?}"))?;
    Ok((said, told))
}

pub(crate) fn runs() -> Result<()> {
    let agent = Agent::start()?;
    for (name, spec) in [("python", python(START)), ("sh", Spec::new(["/bin/sh", "-c", SHELL]))] {
        let id = format!("rewind-twin-{name}-{}", std::process::id());
        run(&id, &spec, true, 0)?;
        run(&id, &spec, true, 0)?;
        let twins = || {
            let (said, told) = differ(&agent, &[&id, "--previous"]).ok()?;
            (told.get("runs")?.get(1)?.get("ended")? == "exited with 0").then_some((said, told))
        };
        let (said, told) = eventually("two runs", SOON, twins).with_context(|| agent.log())?;
        ensure!(said.code == 0 && told.get("differs") == Some(&Value::Bool(false)), "{name}: {told:#}");
    }
    let id = format!("rewind-twin-python-{}", std::process::id());
    let good = Path::new(agent.crash_dir().as_path()).with_file_name("good.rewind");
    let file = good.to_str().context("no text")?;
    agent.ask(&["save", &id, "--output", file])?.success()?;
    run(&id, &python(START), false, 1)?;
    let failed = || {
        let (said, told) = differ(&agent, &[&id, "--previous"]).ok()?;
        (told.get("failed")? == "b").then_some((said, told))
    };
    let (said, told) = eventually("a run that failed", SOON, failed).with_context(|| agent.log())?;
    let answer =
        "The run before this one opened /etc/app/config.yaml at this point; this one found no such file (ENOENT).";
    ensure!(said.code == 1 && told.get("answer") == Some(&Value::from(answer)), "{told:#}");
    ensure!(said.stderr.is_empty(), "{said:?}");
    let from = programs::run(agent.rewind(&["diff", "--from", file, &id]).env("COLUMNS", "80"))?;
    let first = from.stdout.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    ensure!(from.code == 1 && first == answer, "{from:?}");
    let same = programs::run(Command::new(ours("rewind")).args(["diff", "--from", file, "--from", file]))?;
    ensure!(same.code == 0, "{same:?}");
    let why = agent.ask(&["why", &id, "--against"])?.success()?;
    ensure!(why.replace('\n', " ").contains(answer), "{why}");
    agent.stop()
}

pub(crate) fn environments() -> Result<()> {
    const BYTES: usize = 20_000;
    let agent = Agent::start()?;
    let id = format!("rewind-given-{}", std::process::id());
    let small = Spec::new(["/usr/bin/busybox", "true"]);
    // Its content: of that nothing is kept.
    let mut large = small.clone();
    large.env.push(format!("LINKS={}", "SECRET".repeat(BYTES / 6)));
    run(&id, &small, false, 0)?;
    run(&id, &large, false, 0)?;
    let ended = || {
        let (said, told) = differ(&agent, &[&id, "--previous"]).ok()?;
        (told.get("runs")?.get(1)?.get("ended")? == "exited with 0").then_some((said, told))
    };
    let (said, told) = eventually("two runs", SOON, ended).with_context(|| agent.log())?;
    let [Some(first), None] = [0, 1].map(|at| told.get("differences").and_then(|all| all.get(at))) else {
        bail!("{told:#}")
    };
    let counts: Vec<_> =
        first.get("counts").and_then(Value::as_array).into_iter().flatten().map(Value::as_u64).collect();
    let [Some(before), Some(now)] = counts[..] else { bail!("{told:#}") };
    let added = (now - before) as usize;
    ensure!(said.code == 1 && first.get("kind") == Some(&Value::from("environment")), "{told:#}");
    // Its name, `=`, and its NUL.
    ensure!(before > 0 && added == BYTES / 6 * 6 + 7, "{told:#}");
    let text = agent.ask(&["diff", &id, "--previous"])?;
    let answer = "This one ran busybox with a far larger environment";
    ensure!(text.code == 1 && text.stdout.starts_with(answer), "{text:?}");
    let why = agent.ask(&["why", &id, "--against"])?.success()?;
    let headline = why.split("\n\n").next().unwrap_or_default();
    ensure!(headline == "It exited with 0: nothing unusual found.", "{why}");
    ensure!(why.contains(answer), "{why}");
    let dump = agent.ask(&["dump", &id, "--events", "-o", "json"])?.success()?;
    ensure!(dump.contains(&format!("\"env_bytes\":{now}")) && !dump.contains("SECRET"), "{dump}");
    agent.stop()
}
