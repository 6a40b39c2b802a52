//! What metrics cost: the CPU that an agent with a hundred containers takes for each group, sent to a real Collector.
//!
//! The containers are at rest; what an agent takes without any group stands beside it.

use super::figures::Series;
use super::place::Playground;
use super::table::{Goal, Table};
use super::{daemon, interrupt, setting};
use anyhow::Result;
use rewind_tests::agent::Agent;
use rewind_tests::collector::Collector;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The groups, by the names of their sections.
const GROUPS: [&str; 3] = ["hostMetrics", "containerMetrics", "trafficMetrics"];
const HEADING: &str = "metrics of 100 containers, every 15 s to a Collector";

/// Measures and shows it.
pub(super) fn show(place: &Playground, collector: &Path, quick: bool, table: &mut Table) -> Result<()> {
    let time = Duration::from_secs(if quick { 15 } else { 60 });
    let none = measure(place, collector, &[], time)?;
    let mut show = |what: &str, figure, goal| table.alone(HEADING, what, &Series::new([figure]), goal);
    show("% of a core, all of the daemon without metrics", none, Goal::AtLeast(0.0));
    for group in GROUPS {
        let with = measure(place, collector, &[group], time)?;
        show(&format!("% of a core more, {group}"), with - none, Goal::Below(0.5));
    }
    let all = measure(place, collector, &GROUPS, time)?;
    show("% of a core more, all of them", all - none, Goal::Below(0.5));
    Ok(())
}

/// Of one core, with these groups.
fn measure(place: &Playground, collector: &Path, groups: &[&str], time: Duration) -> Result<f64> {
    eprintln!("bench: metrics of {} containers, {groups:?}, {} s", daemon::CONTAINERS, time.as_secs());
    let collector = Collector::counting(collector)?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    let switched = GROUPS.map(|group| format!("  {group}: {{enabled: {}}}\n", groups.contains(&group)));
    let signals = "  traces: {exporter: none}\n  logs: {exporter: none}\n  metricInterval: 3600000\n";
    let endpoint = collector.endpoint();
    fs::write(&config, format!("export:\n  endpoint: {endpoint}\n{signals}{}", switched.concat()))?;
    let path = config.display().to_string();
    let arguments = [&setting::SIZES[..], &["--config", &path]].concat();
    let agent = Agent::start_with(&arguments)?;
    let sleepers = daemon::sleepers(place, &agent)?;
    // The first seconds of a container are looked at often.
    interrupt::pause(Duration::from_secs(31))?;
    let (begin, before) = (Instant::now(), daemon::cpu_ns(agent.tgid())?);
    interrupt::pause(time)?;
    let (after, took) = (daemon::cpu_ns(agent.tgid())?, begin.elapsed());
    let taken_ns: u64 = after.iter().map(|(tid, ns)| ns.saturating_sub(*before.get(tid).unwrap_or(&0))).sum();
    drop(sleepers);
    agent.stop()?;
    Ok(100.0 * taken_ns as f64 / took.as_nanos() as f64)
}
