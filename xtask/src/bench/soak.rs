//! An agent that exports, beside a container that makes short connections as fast as it can, for minutes: whether its
//! memory stays what it was, and whether what did not come was counted.

use super::calls::Calls;
use super::export::sent_and_lost;
use super::figures::Series;
use super::place::Playground;
use super::setting::{self, Setting};
use super::table::{Goal, Table};
use super::{daemon, interrupt};
use anyhow::Result;
use rewind_tests::agent::Agent;
use rewind_tests::collector::Collector;
use rewind_tests::dump;
use std::path::Path;
use std::time::{Duration, Instant};

/// Connections that are made together.
const TOGETHER: u64 = 100_000;
/// What comes first grows: caches, names, threads.
const WARM: Duration = Duration::from_secs(60);
const HEADING: &str =
    "short connections as fast as they go, both ends recorded, exported to a Collector of this machine";

/// Runs for so long, and shows it.
pub(super) fn show(
    place: &Playground,
    collector: &Path,
    calls: &Calls,
    time: Duration,
    table: &mut Table,
) -> Result<()> {
    let collector = Collector::counting(collector)?;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    let agent = Agent::start_in(vec![endpoint], &setting::SIZES)?;
    dump::list(&agent)?;
    let (begin, mut made) = (Instant::now(), 0);
    let mut warm = Vec::new();
    while begin.elapsed() < time {
        calls.measure(place, Setting::Recorded, "connection", TOGETHER)?;
        made += calls.count(Setting::Recorded, TOGETHER);
        interrupt::check()?;
        let own = daemon::own_mebibytes(agent.tgid())?;
        eprintln!("bench: {made} connections in {} s, the agent has {own:.1} MiB", begin.elapsed().as_secs());
        if begin.elapsed() >= WARM.min(time / 4) {
            warm.push(own);
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (sent, lost) = sent_and_lost(&agent)?;
    let quarter = (warm.len() / 4).max(1);
    let (first, last) =
        (Series::new(warm.iter().take(quarter).copied()), Series::new(warm.iter().rev().take(quarter).copied()));
    let growth = last.median().unwrap_or(f64::NAN) / first.median().unwrap_or(f64::NAN);
    let mut show = |what: &str, series: &Series, goal| table.alone(HEADING, what, series, goal);
    show(
        &format!("connections a second, for {seconds:.0} s"),
        &Series::new([made as f64 / seconds]),
        Goal::AtLeast(10_000.0),
    );
    show("MiB of the agent, after its first minute", &Series::new(warm), Goal::Below(64.0));
    show("of the last quarter, in those of the first", &Series::new([growth]), Goal::Below(1.05));
    show("spans sent a second", &Series::new([sent as f64 / seconds]), Goal::AtLeast(0.0));
    show("events that were not sent, counted, a second", &Series::new([lost as f64 / seconds]), Goal::AtLeast(0.0));
    agent.stop()
}
