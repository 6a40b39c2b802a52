//! A question that nobody answers, while it is traced: nothing that happens later says so, but a clock does.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use rewind_tests::workload;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// What was started, ended with the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn traced() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("unanswered")?;
    let mut asks = Command::new("sh");
    asks.args(["-c", r#"echo $$ >"$0"; exec unshare -n python3 "$1""#]).arg(cgroup.dir().join("cgroup.procs"));
    let mut asks = Started(asks.arg(workload::source("unanswered.py")).stdin(Stdio::piped()).spawn()?);
    let path = cgroup.path();
    eventually("it to be listed", SOON, || agent.ask(&["dump", &path, "--dns"]).ok()?.success().ok())?;

    let shown = tempfile::NamedTempFile::new()?;
    let mut trace = agent.rewind(&["trace", &path, "--dns", "-o", "json"]);
    let mut trace = Started(trace.stdout(File::create(shown.path())?).stderr(Stdio::null()).spawn()?);
    let lookups = || -> Result<Vec<Value>> {
        let text = fs::read_to_string(shown.path())?;
        let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line.get("kind").and_then(Value::as_str) == Some("lookup")).collect())
    };
    eventually("the trace to begin", SOON, || fs::metadata(shown.path()).ok().filter(|file| file.len() > 0))?;
    writeln!(asks.0.stdin.as_mut().context("no standard input")?)?;
    let told = eventually("the lookup to be told", SOON, || lookups().ok().filter(|lookups| !lookups.is_empty()))?;
    ensure!(asks.0.try_wait()?.is_none(), "who asks has ended, which may be what was seen");
    let of = |key: &str| told.first().and_then(|line| line.get(key)).cloned();
    ensure!(of("question") == Some("silent.test".into()) && of("rcode") == Some(Value::Null), "{told:?}");
    ensure!(of("times") == Some(1.into()) && of("waited_ns") == Some(10_000_000_000_u64.into()), "{told:?}");

    kill_process(Pid::from_child(&trace.0), Signal::INT)?;
    ensure!(trace.0.wait()?.success(), "the trace did not end well");
    ensure!(lookups()?.len() == 1, "it was told again at the end: {:?}", lookups()?);
    agent.stop()
}
