//! What a container's seccomp profile refuses, as runc applies it.

use anyhow::{Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::Dump;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

/// The recording of a container that runs `args` under a profile with this one rule, once it has a refused call.
fn recorded(agent: &Agent, args: &[&str], rule: (&str, &'static str, u32)) -> Result<(Dump, i32)> {
    let mut spec = Spec::new(args.iter().copied());
    spec.seccomp = vec![(rule.0.to_owned(), rule.1, rule.2)];
    let container = Container::new("rewind-refused", &spec)?;
    let code = container.run()?.code;
    let dump = Dump::eventually(agent, container.id(), "a refused call", |dump| {
        dump.calls.iter().any(|call| call.get("refused").is_some())
    })?;
    Ok((dump, code))
}

/// The refused calls of a recording: all of that name, and refused by seccomp alone.
fn refused<'d>(dump: &'d Dump, name: &str) -> Result<Vec<&'d Value>> {
    let calls: Vec<_> = dump.calls.iter().filter(|call| call.get("refused").is_some()).collect();
    let all = calls
        .iter()
        .all(|call| call.get("syscall") == Some(&name.into()) && call.get("refused") == Some(&"seccomp".into()));
    ensure!(all, "not {name} alone: {calls:?}");
    Ok(calls)
}

pub(crate) fn by_error() -> Result<()> {
    let agent = Agent::start()?;
    let shell = ["/usr/bin/busybox", "sh", "-c", "mkdir /tmp/made; exit 3"];
    let (dump, code) = recorded(&agent, &shell, ("mkdir", "SCMP_ACT_ERRNO", EPERM))?;
    let calls = refused(&dump, "mkdir")?;
    ensure!(code == 3 && calls.len() == 1, "exit code {code}: {calls:?}");
    ensure!(calls[0].to_string().contains("/tmp/made") && calls[0].get("errno") == Some(&"EPERM".into()), "{calls:?}");

    // What an old profile does to each new thread: glibc falls back to clone.
    let threads = workload::inside("refused", Linking::Static)?;
    let (dump, _) = recorded(&agent, &[&threads, "kill-thread"], ("clone3", "SCMP_ACT_ERRNO", ENOSYS))?;
    let clone3 = dump.named("clone3").find(|call| call.get("errno") == Some(&"ENOSYS".into()));
    ensure!(clone3.and_then(|call| call.get("refused")) == Some(&"seccomp".into()), "{clone3:?}");
    ensure!(dump.named("clone").any(|call| call.get("refused").is_none()), "the clone in its place is not there");
    agent.stop()
}

pub(crate) fn by_death() -> Result<()> {
    let agent = Agent::start()?;
    for (action, outcome) in [("SCMP_ACT_KILL_PROCESS", "died"), ("SCMP_ACT_TRAP", "returned")] {
        let (dump, code) = recorded(&agent, &["/usr/bin/busybox", "mkdir", "/tmp/made"], ("mkdir", action, 0))?;
        let calls = refused(&dump, "mkdir")?;
        ensure!(code == 128 + 31 && calls.len() == 1, "{action}: exit code {code}: {calls:?}");
        ensure!(calls[0].get("outcome") == Some(&outcome.into()), "{action}: {calls:?}");
        ensure!(calls[0].get("result") == Some(&Value::Null), "{action}: there is a result: {calls:?}");
    }
    agent.stop()
}
