//! More containers than memory: rings shrink, then dead recordings go, then new containers are refused.

use crate::loss::{CALLS, THREADS, Workload, settled};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Room for some fifteen of the smallest rings.
pub(crate) const SMALL: [&str; 4] = ["--budget", "1MiB", "--ring", "512KiB"];
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn shrinks() -> Result<()> {
    let agent = Agent::start_with(&SMALL)?;
    let cgroup = Cgroup::new("large")?;
    let mut workload = Workload::start(&cgroup)?;
    workload.go()?;
    let before = settled(&agent, &cgroup.path())?;

    let mut small = Vec::new();
    for number in 0..9 {
        small.push(Small::start(&format!("small{number}"))?);
        workload.go()?;
    }
    let expected = before.coverage("calls_made")? + 9 * THREADS as u64 * (CALLS + 2);
    let after = Dump::eventually(&agent, &cgroup.path(), "all calls to be counted", |dump| {
        dump.coverage("calls_made").is_ok_and(|made| made >= expected)
    })?;
    ensure!(after.coverage("calls_made")? == expected, "not {expected} calls: {}", after.header);
    let (held, overwritten) = (after.coverage("calls_held")?, after.coverage("calls_overwritten")?);
    ensure!(held + overwritten == expected, "{held} held and {overwritten} overwritten are not {expected}");
    ensure!(held > 0, "nothing is held");
    let bytes = |dump: &Dump| dump.coverage("ring_bytes");
    ensure!(bytes(&after)? < bytes(&before)?, "the ring has not shrunk: {}", after.header);
    for small in &small {
        let dump = Dump::eventually(&agent, &small.cgroup.path(), "a call", |dump| dump.named("read").count() > 0)?;
        ensure!(dump.coverage("calls_held")? > 0, "{}", dump.header);
    }
    agent.stop()
}

pub(crate) fn refuses() -> Result<()> {
    let agent = Agent::start_with(&SMALL)?;
    let mut small = (0..24).map(|number| Small::start(&format!("many{number}"))).collect::<Result<Vec<_>>>()?;
    let last = small.last().context("none")?.cgroup.path();
    eventually("the last container to be refused", SOON, || names(&agent).ok().filter(|names| names.contains(&last)))?;
    let said = agent.ask(&["list"])?;
    ensure!(said.stderr.contains("refused for want of memory"), "the list does not say so: {said:?}");
    eventually("the log to name it", SOON, || agent.log().contains(&last).then_some(()))?;

    // Those that came first end, and make room.
    let mut last = small.pop().context("none")?;
    drop(small);
    let path = last.cgroup.path();
    eventually("the refused container to be recorded", SOON, || {
        last.call().ok()?;
        let recordings = dump::list(&agent).ok()?;
        recordings.iter().any(|one| one.to_string().contains(&path)).then_some(())
    })?;
    agent.stop()
}

/// The cgroups that the list says are refused.
pub(crate) fn names(agent: &Agent) -> Result<Vec<String>> {
    let list: Value = serde_json::from_str(&agent.ask(&["list", "-o", "json"])?.success()?)?;
    let refused = list.get("refused").and_then(Value::as_array).context("no list of those refused")?;
    let path = |one: &Value| one.get("cgroup_path").and_then(Value::as_str).map(str::to_owned);
    Ok(refused.iter().filter_map(path).collect())
}

/// A container that makes a call when it is told to.
pub(crate) struct Small {
    process: Child,
    pub(crate) cgroup: Cgroup,
}

impl Small {
    pub(crate) fn start(name: &str) -> Result<Self> {
        let cgroup = Cgroup::new(name)?;
        let mut command = Command::new("sh");
        command.args(["-c", "while read -r line; do echo \"$line\"; done"]);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut small = Self { process, cgroup };
        small.call()?;
        small.cgroup.adopt(small.process.id())?;
        small.call()?;
        small.call()?;
        Ok(small)
    }

    /// A few calls; they have been made when this returns.
    pub(crate) fn call(&mut self) -> Result<()> {
        self.process.stdin.as_mut().context("no standard input")?.write_all(b"x\n")?;
        Ok(self.process.stdout.as_mut().context("no standard output")?.read_exact(&mut [0; 2])?)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
