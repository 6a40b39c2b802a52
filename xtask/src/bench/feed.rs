//! What the feed costs, how late it is and what it misses, with 250 containers of which one is a storm.

use super::interrupt;
use super::place::{self, Playground, Running, Where};
use super::table::Goal;
use anyhow::{Context as _, Result};
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::workload::{self, Linking};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Containers.
pub(super) const CONTAINERS: usize = 250;
/// How long it may take until all are recorded, and watched.
const WITHIN: Duration = Duration::from_secs(60);
const SETTLE: Duration = Duration::from_secs(3);

/// Who storms, beside containers in each of which 16 calls fail each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storm {
    /// Nobody.
    None,
    /// One container, with calls that are not decisive.
    Calls,
    /// One container, with calls that fail, as fast as it can.
    Failures,
}

impl Storm {
    pub(super) const ALL: [Self; 3] = [Self::None, Self::Calls, Self::Failures];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "no storm",
            Self::Calls => "one a storm of calls",
            Self::Failures => "one a storm of failures",
        }
    }
}

/// What is measured of a run: its name, and what is said of it.
pub(super) const FIGURES: [(&str, &str, Goal); 9] = [
    ("feed_cpu_percent", "% of a core, the feed", Goal::AtMost(25.0)),
    ("all_cpu_percent", "% of a core, the recorder and its subscriber", Goal::AtMost(100.0)),
    ("events_a_second", "events a second", Goal::AtLeast(0.0)),
    ("lag_median_ms", "ms late, the median", Goal::AtMost(100.0)),
    ("lag_p99_ms", "ms late, 99 of 100", Goal::AtMost(200.0)),
    ("missed_queue_full", "events missed, its queue was full", Goal::AtMost(0.0)),
    ("missed_overwritten", "records missed, overwritten before they were read", Goal::AtMost(0.0)),
    ("missed_lost", "records missed, lost by the kernel side", Goal::AtMost(0.0)),
    ("missed_unjoined", "starts given up", Goal::AtMost(0.0)),
];

/// Runs `program` (`agent/examples/feed_cost.rs`) among the containers; its figures by name.
pub(super) fn measure(
    place: &Playground,
    program: &Path,
    storm: Storm,
    is_on: bool,
    seconds: u64,
) -> Result<Vec<(String, f64)>> {
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    let mut command = Command::new(program);
    command.args([if is_on { "on" } else { "off" }, &seconds.to_string()]).arg(root);
    let mut recorder = place.start_with(&mut command, Stdio::piped())?;
    interrupt::eventually("the recorder to record", WITHIN, || {
        recorder.check()?;
        Ok(recorder.said().contains("ready").then_some(()))
    })?;
    let containers = (0..CONTAINERS).map(|number| container(place, number, storm)).collect::<Result<Vec<_>>>()?;
    interrupt::pause(SETTLE)?;
    recorder.tell("go\n")?;
    let figures = interrupt::eventually("its figures", WITHIN + Duration::from_secs(seconds), || {
        let said = recorder.said();
        Ok(said.contains("missed_unjoined").then_some(said))
    })?;
    drop(containers);
    Ok(figures.lines().filter_map(figure).collect())
}

fn figure(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.split_once(' ')?;
    Some((name.to_owned(), value.parse().ok()?))
}

struct Container {
    /// In front of its cgroup, so that it ends first.
    _program: Running,
    _cgroup: Cgroup,
}

fn container(place: &Playground, number: usize, storm: Storm) -> Result<Container> {
    interrupt::check()?;
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    let name = place.path(Where::Container);
    let cgroup = Cgroup::below(&root, &format!("{}-feed-{number}", name.trim_start_matches('/')))?;
    let mut command: Command = place::into(cgroup.dir());
    match (number, storm) {
        (0, Storm::Calls) => command.args(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"]),
        (0, Storm::Failures) => command.arg(program()?).args(["1", "4000000000", "0"]),
        _ => command.arg(program()?).args(["1", "4000000000", "999999"]),
    };
    Ok(Container { _program: place.start(&mut command)?, _cgroup: cgroup })
}

fn program() -> Result<std::path::PathBuf> {
    workload::compiled("decisive", Linking::Static)
}
