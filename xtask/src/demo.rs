//! `cargo xtask demo`: a container crashes; its last calls are read after it is gone.
//!
//! The container does what a puzzling program does: it sleeps, tries to write where it may not, and
//! exits with 1. Everything is real: runc, the recorder, the command that reads.
//!
//! With `--telemetry`: what leaves the host of three containers ([`telemetry`]).

mod telemetry;

use crate::{build, setup};
use anyhow::{Context as _, Result, bail};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PYTHON: &str = "import time; time.sleep(1); open(\"/etc/passwd\", \"w\")";
const SHELL: &str = "sleep 1; echo x >/etc/passwd";
const LAST: &str = "40";

pub(crate) fn run(telemetry: bool) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the demo loads BPF programs and runs a container: run it as root");
    }
    if telemetry {
        telemetry::check()?;
        return telemetry::run();
    }
    setup::for_build()?;
    setup::for_demo()?;
    let built = build::all(true)?;
    programs::set_bin_dir(&built);

    let agent = Agent::start()?;
    let socket = agent.socket();
    say(&format!("rewind-agent run --socket {} &", socket.display()));
    let container = Container::new("demo", &crashing())?;
    show(&mut container.command(), 1)?;
    let id = container.id().to_owned();
    eventually("the container to be gone", Duration::from_secs(10), || (!container.exists()).then_some(()))?;
    drop(container);

    show(&mut agent.rewind(&["list"]), 0)?;
    show(&mut agent.rewind(&["dump", &id, "--last", LAST]), 0)?;
    show(&mut agent.rewind(&["dump", &id, "--failed", "-o", "strace"]), 0)?;
    show(&mut agent.rewind(&["why", &id]), 0)?;
    say(&format!("kill {}", agent.tgid()));
    agent.stop()
}

fn crashing() -> Spec {
    if Path::new("/usr/bin/python3").exists() {
        Spec::new(["/usr/bin/python3", "-c", PYTHON])
    } else {
        Spec::new(["/usr/bin/busybox", "sh", "-c", SHELL])
    }
}

/// Prints a command as one would type it.
fn say(command: &str) {
    println!("\n# {command}");
    let _ = std::io::stdout().flush();
}

/// Runs a command with our own output, and holds it to its exit code.
fn show(command: &mut Command, code: i32) -> Result<()> {
    let typed = programs::typed(command);
    say(&typed);
    let ended =
        programs::code(command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{typed}`"))?);
    if ended != code {
        bail!("`{typed}` ended with {ended} instead of {code}");
    }
    Ok(())
}
