//! A program that numbers its own calls (`workloads/counting.c`), in a cgroup of its own.

use crate::agent::Agent;
use crate::cgroup::Cgroup;
use crate::dump::{self, Dump};
use crate::programs;
use crate::workload::{self, Linking};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

/// The running program. Dropping it ends it.
#[derive(Debug)]
pub struct Counting {
    child: Child,
    /// Behind the program: it can be removed when that has ended.
    cgroup: Cgroup,
}

impl Counting {
    /// Starts it, in its cgroup from its first call on.
    ///
    /// # Errors
    /// When it does not compile, or cannot be started.
    pub fn start(name: &str, pause_us: u32) -> Result<Self> {
        Self::start_in(Cgroup::new(name)?, pause_us)
    }

    /// As [`Self::start`], in a cgroup that is there.
    ///
    /// # Errors
    /// As above.
    pub fn start_in(cgroup: Cgroup, pause_us: u32) -> Result<Self> {
        let program = workload::compiled("counting", Linking::Static)?;
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(cgroup.dir().join("cgroup.procs"));
        command.arg(program).arg(pause_us.to_string());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start sh")?;
        Ok(Self { child, cgroup })
    }

    /// Its cgroup.
    #[must_use]
    pub fn path(&self) -> String {
        self.cgroup.path()
    }

    /// Ends it; how far it came. Its cgroup is still there.
    ///
    /// # Errors
    /// When it does not say.
    pub fn finish(&mut self) -> Result<u64> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.child.stdout.as_mut().context("no standard output")?.read_to_string(&mut said)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "counting ended with {}", programs::code(status));
        said.trim().parse().with_context(|| format!("{said:?} is no number"))
    }

    /// Ends it, and checks that every number stands exactly once, and in order, in the one recording
    /// that there is of it. Gives that recording.
    ///
    /// # Errors
    /// When a number is missing, is there twice, or there is not one recording.
    pub fn check(&mut self, agent: &Agent) -> Result<u64> {
        let last = self.finish()?;
        let dump = Dump::eventually(agent, &self.path(), "its end", |dump| dump.has("exit_group", "0"))?;
        let number = |call: &Value| call.get("result").and_then(Value::as_u64);
        let numbers: Vec<u64> = dump.named("lseek").filter_map(number).collect();
        let wrong = numbers.iter().zip(1..).find(|(number, expected)| *number != expected);
        ensure!(
            wrong.is_none() && numbers.len() as u64 == last,
            "{} numbers of {last}; the first that is wrong (is, should be): {wrong:?}; {}",
            numbers.len(),
            dump.header
        );
        ensure!(dump.coverage("calls_overwritten")? == 0, "the ring was too small for this test: {}", dump.header);
        self.recording(agent)
    }

    /// The one recording that there is of it.
    ///
    /// # Errors
    /// When there is none, or another.
    pub fn recording(&self, agent: &Agent) -> Result<u64> {
        let path = self.path();
        let mut recordings = dump::list(agent)?;
        let of = |row: &Value| row.pointer("/container/cgroup_path").and_then(Value::as_str).map(str::to_owned);
        recordings.retain(|row| of(row).as_deref() == Some(path.as_str()));
        ensure!(recordings.len() == 1, "not one recording of {path}: {recordings:?}");
        recordings[0].get("recording").and_then(Value::as_u64).context("it has no number")
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
