//! What recording costs on this host: one cheap call, many times, with and without.

use crate::host::doctor::MeasuredCost;
use crate::record::Cgroup;
use crate::recorder::{Config, Recorder, Scope};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Calls of one round.
const CALLS: u32 = 500_000;
/// Rounds; the median counts.
const ROUNDS: usize = 5;
/// What this program is called with to make the calls.
pub(crate) const WORKLOAD: &str = "measure-workload";

/// The workload: makes its calls, says how many nanoseconds one took.
#[must_use]
pub(crate) fn workload() -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(rustix::process::getppid());
    }
    start.elapsed().as_nanos() as f64 / f64::from(CALLS)
}

/// Measures: alone, unrecorded beside a recorder, recorded.
///
/// # Errors
/// If the recorder cannot be started, or this program cannot run itself.
pub(crate) fn cost(config: &Config, cgroup_mount: &Path) -> anyhow::Result<MeasuredCost> {
    let bare_ns = median(|| run_self(None))?;
    let cgroup = Cgroup::new(cgroup_mount, &format!("measure-{}", std::process::id()))?;
    let config = Config { scope: Scope::Only(cgroup.path.clone()), ..config.clone() };
    let recorder = Recorder::start(config)?;
    let not_recorded_ns = median(|| run_self(None))?;
    let recorded_ns = median(|| run_self(Some(&cgroup)))?;
    drop(recorder);
    Ok(MeasuredCost { bare_ns, recorded_ns, not_recorded_ns })
}

fn run_self(cgroup: Option<&Cgroup>) -> anyhow::Result<f64> {
    let own = std::env::current_exe()?;
    let output = match cgroup {
        None => Command::new(own).arg(WORKLOAD).output()?,
        Some(cgroup) => {
            let command = [own.into_os_string(), OsString::from(WORKLOAD)];
            crate::record::output(cgroup, &command)?
        }
    };
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

fn median(round: impl Fn() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut rounds = (0..ROUNDS).map(|_| round()).collect::<Result<Vec<_>, _>>()?;
    rounds.sort_by(f64::total_cmp);
    Ok(rounds.get(ROUNDS / 2).copied().unwrap_or_default())
}
