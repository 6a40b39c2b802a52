//! What the feed costs, how late it is and what it misses, with 250 containers of which one is a storm.

use super::place::{self, Playground, Running, Where};
use super::{daemon, interrupt, setting};
use anyhow::{Context as _, Result};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::dump;
use rewind_tests::workload::{self, Linking};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Containers.
pub(super) const CONTAINERS: usize = 250;
/// What is done about new containers is not what the feed costs.
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

/// What was measured of one run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Of one core: the thread that reads rings, and all of the daemon, the event log that subscribes included.
    pub(super) feed_percent: f64,
    pub(super) daemon_percent: f64,
    pub(super) events_a_second: f64,
    /// From the end of an event until its subscriber has it.
    pub(super) lag_median_ms: f64,
    pub(super) lag_p99_ms: f64,
    /// Since the daemon began, by reason.
    pub(super) missed: Vec<(String, f64)>,
}

/// Runs a daemon among the containers, with an event log as the feed's subscriber or without.
pub(super) fn measure(place: &Playground, storm: Storm, is_on: bool, time: Duration) -> Result<Figures> {
    let log = place.dir().join("events");
    let arguments = ["--event-log", log.to_str().context("a path that is no text")?];
    let arguments = if is_on { [&setting::SIZES[..], &arguments].concat() } else { setting::SIZES.to_vec() };
    let agent = Agent::start_with(&arguments)?;
    dump::list(&agent)?;
    let containers = (0..CONTAINERS).map(|number| container(place, number, storm)).collect::<Result<Vec<_>>>()?;
    interrupt::pause(SETTLE)?;
    let from = fs::metadata(&log).map_or(0, |log| log.len());
    let (begin, before) = (Instant::now(), daemon::cpu_ns(agent.tgid())?);
    interrupt::pause(time)?;
    let (after, took) = (daemon::cpu_ns(agent.tgid())?, begin.elapsed());
    let upto = fs::metadata(&log).map_or(0, |log| log.len());
    let feed = daemon::thread_named(agent.tgid(), "feed")?;
    let percent = |of: &dyn Fn(&OsString) -> bool| -> f64 {
        let of_it = after.iter().filter(|(tid, _)| of(tid));
        let ns: u64 = of_it.map(|(tid, ns)| ns.saturating_sub(*before.get(tid).unwrap_or(&0))).sum();
        100.0 * ns as f64 / took.as_nanos() as f64
    };
    let mut figures = Figures {
        feed_percent: percent(&|tid| *tid == feed),
        daemon_percent: percent(&|_| true),
        ..Figures::default()
    };
    drop(containers);
    agent.stop()?;
    if is_on {
        read(&log, from, upto, took, &mut figures)?;
        fs::remove_file(&log)?;
    }
    Ok(figures)
}

/// What stands in an event log, from byte `from` to byte `upto`; of what was missed its last word.
fn read(log: &Path, from: u64, upto: u64, took: Duration, figures: &mut Figures) -> Result<()> {
    let (mut lags, mut at) = (Vec::new(), 0);
    for line in BufReader::new(File::open(log)?).lines() {
        let line = line?;
        let is_within = (from..upto).contains(&at);
        at += line.len() as u64 + 1;
        let number = |name: &str| -> Option<u64> {
            let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
            rest.split([',', '}']).next()?.parse().ok()
        };
        if line.starts_with("{\"missed\"") {
            let reasons = ["queue_full", "overwritten", "lost", "unjoined"];
            figures.missed = reasons.map(|reason| (reason.to_owned(), number(reason).unwrap_or(0) as f64)).into();
        } else if is_within && let Some((end_ns, seen_ns)) = number("end_ns").zip(number("seen_ns")) {
            lags.push(seen_ns.saturating_sub(end_ns));
        }
    }
    lags.sort_unstable();
    let lag_ms = |share: f64| lags.get((lags.len() as f64 * share) as usize).map_or(0.0, |lag| *lag as f64 / 1e6);
    (figures.lag_median_ms, figures.lag_p99_ms) = (lag_ms(0.5), lag_ms(0.99));
    figures.events_a_second = lags.len() as f64 / took.as_secs_f64();
    Ok(())
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
