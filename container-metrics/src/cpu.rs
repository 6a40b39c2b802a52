//! CPU time, throttling, limit and weight (`cgroup-v2.rst`, "CPU"; `sched-bwc.rst`; `cpuacct.rst` of v1).

use crate::hierarchies::{Controller, Hierarchies};
use crate::reading::{Hierarchy, ReadError, Reading, number};
use crate::subject::Subject;
use rewind_host_metrics::text::named;
use rewind_otlp::metric::sheet::{Sheet, value, whole};
use std::path::Path;

const NS_PER_S: u64 = 1_000_000_000;
/// What a cgroup has that was not told: `cpu.weight` of v2, `cpu.shares` of v1.
const USUAL_WEIGHT: f64 = 100.0;
const USUAL_SHARES: f64 = 1024.0;

/// CPU time and what it is bounded by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// CPU time.
    pub usage_ns: Option<u64>,
    /// Of that, in user mode.
    pub user_ns: Option<u64>,
    /// Of that, in the kernel.
    pub system_ns: Option<u64>,
    /// Periods of the limit in which something ran.
    pub periods: Option<u64>,
    /// Those in which the limit was met.
    pub throttled_periods: Option<u64>,
    /// How long it was held up for that, all CPUs together.
    pub throttled_ns: Option<u64>,
    /// How many CPUs it may use; `None`: as many as there are.
    pub limit: Option<f64>,
    /// Its share beside other cgroups, by that of one of which nothing was said: 1.
    pub weight: Option<f64>,
}

impl Cpu {
    /// Reads those of the cgroup of that path, from the hierarchy's root on, and nothing else of it.
    ///
    /// # Errors
    /// It is gone, or the path is none of a cgroup.
    pub fn read(hierarchies: &Hierarchies, path: &Path) -> Result<Self, ReadError> {
        let mut reading = Reading::new(hierarchies, path)?;
        let cpu = read(&mut reading);
        reading.finish().map(|_| cpu)
    }

    /// `cpu.stat` of v2; `None`: no time is there.
    fn v2(text: &str) -> Option<Self> {
        let named = named(text);
        let of = |name| named.get(name).copied();
        let ns = |name| of(name).map(|us: u64| us.saturating_mul(1_000));
        Some(Self {
            usage_ns: Some(ns("usage_usec")?),
            user_ns: ns("user_usec"),
            system_ns: ns("system_usec"),
            periods: of("nr_periods"),
            throttled_periods: of("nr_throttled"),
            throttled_ns: ns("throttled_usec"),
            ..Self::default()
        })
    }

    /// `cpuacct.stat` of v1: user and system, in ticks.
    fn modes(text: &str, ticks_per_s: u64) -> Option<[u64; 2]> {
        let named = named(text);
        let of = |name| Some(named.get(name)?.saturating_mul(NS_PER_S / ticks_per_s.max(1)));
        Some([of("user")?, of("system")?])
    }

    /// `cpu.stat` of v1.
    fn throttling(text: &str) -> Option<[u64; 3]> {
        let named = named(text);
        let of = |name| named.get(name).copied();
        Some([of("nr_periods")?, of("nr_throttled")?, of("throttled_time")?])
    }
}

/// `cpu.max`: how many CPUs; the inner `None`: there is no limit.
fn limit(text: &str) -> Option<Option<f64>> {
    let (quota, period) = text.trim().split_once(' ')?;
    let period = period.parse::<u32>().ok().filter(|period| *period > 0)?;
    if quota == "max" {
        return Some(None);
    }
    Some(Some(quota.parse::<u64>().ok()? as f64 / f64::from(period)))
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Cpu {
    let time = match reading.home(Controller::Cpuacct) {
        Hierarchy::V2 => reading.file(Hierarchy::V2, "cpu.stat", Cpu::v2).unwrap_or_default(),
        v1 @ Hierarchy::V1(_) => {
            let usage_ns = reading.file(v1, "cpuacct.usage", number);
            // The same on every kernel but for old configurations: USER_HZ.
            let ticks_per_s = rustix::param::clock_ticks_per_second();
            let [user_ns, system_ns] = reading
                .file(v1, "cpuacct.stat", |text| Cpu::modes(text, ticks_per_s))
                .map_or([None; 2], |of| of.map(Some));
            Cpu { usage_ns, user_ns, system_ns, ..Cpu::default() }
        }
    };
    match reading.home(Controller::Cpu) {
        Hierarchy::V2 => Cpu {
            limit: reading.maybe(Hierarchy::V2, "cpu.max", limit).flatten(),
            weight: reading.maybe(Hierarchy::V2, "cpu.weight", number).map(|weight| weight as f64 / USUAL_WEIGHT),
            ..time
        },
        v1 @ Hierarchy::V1(_) => {
            let [periods, throttled_periods, throttled_ns] =
                reading.maybe(v1, "cpu.stat", Cpu::throttling).map_or([None; 3], |of| of.map(Some));
            let period = reading.maybe(v1, "cpu.cfs_period_us", |text| Some(text.trim().to_owned()));
            // Without a limit it is -1.
            let quota = reading.maybe(v1, "cpu.cfs_quota_us", |text| text.trim().parse::<i64>().ok());
            let quota = quota.and_then(|quota| u64::try_from(quota).ok());
            let limit = quota.zip(period).and_then(|(quota, period)| limit(&format!("{quota} {period}")).flatten());
            let weight = reading.maybe(v1, "cpu.shares", number).map(|shares| shares as f64 / USUAL_SHARES);
            Cpu { periods, throttled_periods, throttled_ns, limit, weight, ..time }
        }
    }
}

pub(crate) fn metrics(cpu: &Cpu, usage: Option<f64>, of: Subject, sheet: &mut Sheet<'_>) {
    let seconds = |ns: u64| ns as f64 / 1e9;
    let (known, own) = (of.known(), of.own());
    let counted = |number: Option<u64>| number.map(whole).unwrap_or_default();
    let time = cpu.usage_ns.map(seconds).map(whole).unwrap_or_default();
    sheet.counter(&format!("{known}.cpu.time"), "s", "CPU time since the start", time);
    let usage = usage.map(whole).unwrap_or_default();
    sheet.gauge(&format!("{known}.cpu.usage"), "{cpu}", "CPUs in use, on average since the point before", usage);
    let modes = [("user", cpu.user_ns), ("system", cpu.system_ns)].into_iter();
    let modes = modes.filter_map(|(mode, ns)| Some(value(seconds(ns?), &[("cpu.mode", mode)]))).collect();
    sheet.counter(&format!("{own}.cpu.time"), "s", "CPU time since the start, by mode", modes);
    let limit = cpu.limit.map(whole).unwrap_or_default();
    sheet.gauge(&format!("{own}.cpu.limit"), "{cpu}", "CPUs that may be used", limit);
    let periods = format!("{own}.cpu.periods");
    sheet.counter(&periods, "{period}", "Periods of the CPU limit in which something ran", counted(cpu.periods));
    let throttled = format!("{own}.cpu.throttled.periods");
    let description = "Periods in which the CPU limit was met";
    sheet.counter(&throttled, "{period}", description, counted(cpu.throttled_periods));
    let held_up = cpu.throttled_ns.map(seconds).map(whole).unwrap_or_default();
    sheet.counter(
        &format!("{own}.cpu.throttled.time"),
        "s",
        "Time held up by the CPU limit, all CPUs together",
        held_up,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_tells_microseconds_and_v1_ticks() {
        let cpu = Cpu::v2("usage_usec 12\nuser_usec 7\nsystem_usec 5\n").unwrap();
        let told = Cpu { usage_ns: Some(12_000), user_ns: Some(7_000), system_ns: Some(5_000), ..Cpu::default() };
        assert_eq!(cpu, told, "without its controller there is no throttling");
        assert_eq!(Cpu::modes("user 3\nsystem 4\n", 100), Some([30_000_000, 40_000_000]));
        assert_eq!(
            (Cpu::v2("nr_periods 1\n"), Cpu::modes("user 1\n", 100), Cpu::throttling("nr_periods 1\n")),
            (None, None, None)
        );
    }

    #[test]
    fn a_limit_is_a_number_of_cpus() {
        assert_eq!(limit("max 100000\n"), Some(None));
        assert_eq!(limit("150000 100000\n"), Some(Some(1.5)));
        assert_eq!(["", "max", "1 0", "-1 100000", "x 1", "1 2 3"].map(limit), [None; 6]);
    }
}
