//! Running a program and its twin, and judging what `why` says of them.

use crate::built;
use crate::program::{BUILT, Life, Program, Setup, Source};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::container::{Container, Running};
use rewind_tests::eventually::eventually;
use rewind_tests::told::Told;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// So many calls make those whose start is to be gone.
const WORK: u64 = 1_000_000;
/// What stands still is to be told of by then.
const STANDS: Duration = Duration::from_secs(14);

/// What `why` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The cause is in the answer.
    Right,
    /// No cause is named.
    None,
    /// Another cause is named.
    Wrong,
}

/// What came of a program.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) answer: String,
    /// What `why` found in the twin, in which nothing is to be found.
    pub(crate) twin: Option<String>,
}

/// Runs both.
pub(crate) fn run(agent: &Agent, class: &'static str, program: &Program) -> Result<Outcome> {
    let why = bad(agent, program).context("the program")?;
    let held = why.get("calls_held").and_then(Value::as_u64).unwrap_or_default();
    ensure!(class != "lapped" || held < WORK, "its start is still there: {held} calls are held");
    let twin = twin(agent, &program.twin).context("its twin")?;
    Ok(Outcome {
        class,
        name: program.name,
        verdict: verdict(program, &why),
        answer: text(&why, "answer").to_owned(),
        twin: is_cause(&twin).then(|| twin.get("findings").map_or_else(String::new, Value::to_string)),
    })
}

fn text<'w>(why: &'w Value, name: &str) -> &'w str {
    why.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a cause is named. That a server was sent SIGTERM is none.
fn is_cause(why: &Value) -> bool {
    let findings = why.get("findings").and_then(Value::as_array);
    let is_named = findings.into_iter().flatten().any(|finding| text(finding, "rule") != "signal");
    text(why, "confidence") != "none" || is_named
}

fn verdict(program: &Program, why: &Value) -> Verdict {
    let answer = text(why, "answer").to_lowercase();
    let has = |words: &&str| words.split('|').any(|word| answer.contains(&word.to_lowercase()));
    match program.wrong.iter().any(has) {
        true => Verdict::Wrong,
        false if program.right.iter().all(has) => Verdict::Right,
        false if is_cause(why) => Verdict::Wrong,
        false => Verdict::None,
    }
}

/// What `why` says of a program that goes wrong: of one that is gone, from the ring and from its crash file alike.
fn bad(agent: &Agent, program: &Program) -> Result<Value> {
    let container = container(program.name, &program.bad)?;
    match program.bad.life {
        Life::Ends => {
            ensure!(end(started(&container)?, || ())? != 0, "it ended well");
        }
        Life::Sent(signal) => {
            let running = started(&container)?;
            sleeps(agent, &container)?;
            container.order("kill", &[signal])?;
            ensure!(end(running, || ())? != 0, "it ended well");
        }
        Life::Stopped(signal) => {
            let running = started(&container)?;
            eventually("a cause while it lives", STANDS, || why(agent, container.id()).ok().filter(is_cause))?;
            container.order("kill", &[signal])?;
            ensure!(end(running, || ())? != 0, "it ended well");
        }
        Life::Stands | Life::Paused => return standing(agent, program, &container),
        Life::Serves(address) => anyhow::bail!("it is to fail, and would serve at {address}"),
    }
    let id = container.id().to_owned();
    drop(container);
    Ok(Told::of(agent, &id, 1)?.why)
}

fn standing(agent: &Agent, program: &Program, container: &Container) -> Result<Value> {
    let _running = started(container)?;
    let is_paused = program.bad.life == Life::Paused;
    if is_paused {
        sleeps(agent, container)?;
        // runc says that it runs a little later.
        eventually("a pause", SOON, || container.order("pause", &[]).ok())?;
    }
    let mut last = Value::Null;
    let right = eventually("the right answer", STANDS, || {
        last = why(agent, container.id()).ok()?;
        (verdict(program, &last) == Verdict::Right).then(|| last.clone())
    });
    if is_paused {
        container.order("resume", &[])?;
    }
    Ok(right.unwrap_or(last))
}

/// What `why` says of a program that ends well.
fn twin(agent: &Agent, setup: &Setup) -> Result<Value> {
    let container = container("twin", setup)?;
    if let Life::Serves(address) = setup.life {
        let mut running = started(&container)?;
        let serves = || match running.runc.try_wait() {
            Ok(None) => TcpStream::connect(address).ok().map(|_| true),
            _ => Some(false),
        };
        let is_up = eventually("the server", SOON, serves).context(address)?;
        ensure!(is_up, "it ended in place of serving at {address}");
        let living = why(agent, container.id())?;
        if is_cause(&living) {
            return Ok(living);
        }
        // Process 1 does not take it before it has a handler.
        let stop = || drop(container.order("kill", &["TERM"]));
        let code = end(running, stop)?;
        ensure!(code == 0, "it ended with {code}");
    } else {
        let code = end(started(&container)?, || ())?;
        ensure!(code == 0, "it ended with {code}");
    }
    let ended = || why(agent, container.id()).ok().filter(|why| why.get("ended").is_some_and(Value::is_object));
    eventually("the end", SOON, ended)
}

/// Starts it without a word of its own on our output.
fn started(container: &Container) -> Result<Running> {
    let mut command = container.command();
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Running { runc: command.spawn().context("cannot start runc")? })
}

/// Waits for its end, and says its exit code; meanwhile does something again and again.
fn end(mut running: Running, meanwhile: impl Fn()) -> Result<i32> {
    let status = eventually("its end", SOON, || {
        meanwhile();
        running.runc.try_wait().ok().flatten()
    })?;
    Ok(rewind_tests::programs::code(status))
}

/// Waits until the container's program is in a call that waits for time to pass.
fn sleeps(agent: &Agent, container: &Container) -> Result<()> {
    eventually("a sleep", SOON, || {
        let why = why(agent, container.id()).ok()?;
        why.to_string().contains("nanosleep").then_some(())
    })
}

fn why(agent: &Agent, id: &str) -> Result<Value> {
    Ok(serde_json::from_str(&agent.ask(&["why", id, "-o", "json"])?.success()?)?)
}

/// Prepares a container.
fn container(name: &str, setup: &Setup) -> Result<Container> {
    let mut spec = setup.spec.clone();
    let words = setup.source.map(built::words).transpose()?.unwrap_or_default();
    if let Some(at) = spec.args.iter().position(|word| word == BUILT) {
        spec.args.splice(at..=at, words.iter().cloned());
    }
    if setup.source == Some(Source::Java) {
        // Its settings.
        let etc = fs::read_dir("/etc")?.filter_map(|entry| Some(entry.ok()?.path()));
        let java = etc.filter(|path| path.to_string_lossy().starts_with("/etc/java-"));
        spec.mounts.extend(java.map(|path| (path.clone(), path)));
    }
    let container = Container::new(&format!("rewind-{}", name.replace('_', "-")), &spec)?;
    for (path, text, mode) in &setup.files {
        let at = container.bundle().join("rootfs").join(path.trim_start_matches('/'));
        if path.ends_with('/') {
            fs::create_dir_all(&at)?;
        } else {
            fs::create_dir_all(at.parent().unwrap_or(Path::new("/")))?;
            fs::write(&at, text.replace(BUILT, &words.join(" ")))?;
        }
        fs::set_permissions(&at, Permissions::from_mode(*mode))?;
    }
    Ok(container)
}
