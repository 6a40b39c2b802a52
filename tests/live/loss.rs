//! Truth about loss: several threads overfill a ring, and the figures add up to exactly the calls made.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

pub(crate) const THREADS: usize = 4;
pub(crate) const CALLS: u64 = 60_000;

pub(crate) fn overflow() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("loss")?;
    let mut workload = Workload::start(&cgroup)?;

    // The first round makes the recording begin, the second is counted.
    workload.go()?;
    let before = settled(&agent, &cgroup.path())?;
    workload.go()?;
    let expected = before.coverage("calls_made")? + THREADS as u64 * (CALLS + 2);
    let after = Dump::eventually(&agent, &cgroup.path(), "all calls of the round to be counted", |dump| {
        dump.coverage("calls_made").is_ok_and(|made| made >= expected)
    })?;
    drop(workload);

    let (made, held) = (after.coverage("calls_made")?, after.coverage("calls_held")?);
    ensure!(made == expected, "{made} calls are said to have been made; it were {expected}: {}", after.header);
    let overwritten = after.coverage("calls_overwritten")?;
    ensure!(overwritten > 0, "the ring did not overflow: {}", after.header);
    ensure!(made == held + overwritten, "{made} made is not {held} held and {overwritten} overwritten");
    let shown = after.calls.iter().filter(|call| call.get("result").is_some_and(|result| !result.is_null())).count();
    ensure!(shown as u64 == held, "{shown} calls are shown, {held} are said to be held");
    contiguous(&after)
}

/// From `complete_from_ns` on each thread's numbers have no gap, and end with the last one.
fn contiguous(dump: &Dump) -> Result<()> {
    let complete_from = dump.coverage("complete_from_ns")?;
    let mut threads = BTreeMap::<u64, Vec<u64>>::new();
    for call in dump.named("lseek") {
        let figure =
            |name: &str| call.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {call}"));
        if figure("ktime_ns")? >= complete_from {
            threads.entry(figure("tid")?).or_default().push(figure("result")?);
        }
    }
    ensure!(!threads.is_empty(), "no numbered call is held since {complete_from}");
    for (tid, mut numbers) in threads {
        // The end of the round before may still be there.
        let begin = numbers.windows(2).rposition(|pair| pair[1] < pair[0]).map_or(0, |at| at + 1);
        let numbers = numbers.split_off(begin);
        ensure!(numbers.last() == Some(&CALLS), "thread {tid} ends with {:?}", numbers.last());
        let gap = numbers.windows(2).find(|pair| pair[1] != pair[0] + 1);
        ensure!(gap.is_none(), "thread {tid} has a gap: {gap:?}");
    }
    Ok(())
}

/// Dumps until two in a row count the same calls.
pub(crate) fn settled(agent: &Agent, target: &str) -> Result<Dump> {
    let last = std::cell::Cell::new(None);
    Dump::eventually(agent, target, "the count of calls to settle", |dump| {
        let made = dump.coverage("calls_made").ok();
        made.is_some_and(|made| made >= CALLS) && last.replace(made) == made
    })
}

/// Threads that number their calls.
pub(crate) struct Workload(Child);

impl Workload {
    /// Starts them, and moves them into `cgroup`.
    pub(crate) fn start(cgroup: &Cgroup) -> Result<Self> {
        let command = &mut Command::new(workload::compiled("numbered", Linking::Static)?);
        command.args([THREADS.to_string(), CALLS.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut workload = Self(command.spawn()?);
        workload.wait_for_all()?;
        cgroup.adopt(workload.0.id())?;
        Ok(workload)
    }

    /// Lets each thread make one round.
    pub(crate) fn go(&mut self) -> Result<()> {
        let stdin = self.0.stdin.as_mut().context("no standard input")?;
        stdin.write_all(&[b'g'; THREADS])?;
        stdin.flush()?;
        self.wait_for_all()
    }

    fn wait_for_all(&mut self) -> Result<()> {
        let mut said = [0; THREADS];
        Ok(self.0.stdout.as_mut().context("no standard output")?.read_exact(&mut said)?)
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
