//! What healthy runs of a container have too is not taken for the cause of its crash.

use crate::scenarios::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use std::fs;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const MODE: &str = "etc/app/mode";
const PROBE: &str = "/opt/app/feature.flags";

/// Looks for a file that is never there, and fails in silence for what it has read.
const PROGRAM: &str = "
import os
mode = open('/etc/app/mode').read()
try: open('/opt/app/feature.flags')
except OSError: pass
os._exit(0 if mode == 'good' else 3)
";

fn run(id: &str, mode: &str, code: i32) -> Result<()> {
    let spec: Spec = python(PROGRAM);
    let container = Container::with_id(id, &spec)?;
    let file = container.bundle().join("rootfs").join(MODE);
    fs::create_dir_all(file.parent().context("no directory")?)?;
    fs::write(file, mode)?;
    let said = container.run()?;
    ensure!(said.code == code, "{said:?}");
    Ok(())
}

/// What is said of the newest crash of a container, once there are so many.
fn why(agent: &Agent, id: &str, count: usize) -> Result<String> {
    let crashes = || {
        let found = fs::read_dir(agent.crash_dir()).ok()?.flatten().map(|entry| entry.path());
        let mut files: Vec<_> = found.filter(|path| path.to_string_lossy().contains(id)).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "rewind"));
        files.sort();
        files.pop().filter(|_| files.len() + 1 == count)
    };
    let file = eventually("the crash file", SOON, crashes).with_context(|| agent.log())?;
    programs::run(Command::new(ours("rewind")).args(["why", "--from"]).arg(file))?.success()
}

pub(crate) fn runs() -> Result<()> {
    let mut agent = Agent::start()?;
    let id = format!("rewind-healthy-{}", std::process::id());
    // Before anything is known, it is the last that failed.
    run(&id, "bad", 3)?;
    let first = why(&agent, &id, 1)?;
    ensure!(first.contains("exited with 3 after") && first.contains(PROBE), "{first}");
    for _ in 0..3 {
        run(&id, "good", 0)?;
    }
    run(&id, "bad", 3)?;
    is_left_out(&why(&agent, &id, 2)?, 3)?;
    ensure!(agent.end()?.success(), "{}", agent.log());
    agent.start_again(&[])?;
    run(&id, "bad", 3)?;
    is_left_out(&why(&agent, &id, 3)?, 3)?;
    // Asked over the API it is the same.
    let asked = agent.ask(&["why", &id])?.success()?;
    is_left_out(&asked, 3)?;
    agent.stop()
}

fn is_left_out(why: &str, runs: u32) -> Result<()> {
    let (answer, rest) = why.split_once("\n\n").context("no answer")?;
    ensure!(answer.contains("exited with 3") && !answer.contains("feature"), "{why}");
    ensure!(rest.contains(&format!("also in {runs} runs that ended well")), "{why}");
    Ok(())
}
