//! Time, utilization and frequency of each logical CPU.

use crate::reading::{Reading, number};
use crate::stat::{STATES, Stat, Ticks};
use rewind_otlp::metric::sheet::{Sheet, value, whole};
use std::collections::BTreeMap;

/// The kernel's `idle` and `iowait` may go back by a little, as each CPU is counted by others, too (`proc_stat(5)`).
/// That is no new beginning; a CPU that was offline may be one, and loses more.
const JITTER_S: u64 = 3;

/// A logical CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Cpu {
    /// Its number.
    pub number: u32,
    /// Its time by state since the host's start, seconds.
    pub times_s: [f64; 8],
    /// Which part of the time since the figures before it spent in each state; `None`: there are none before, or its
    /// counters began anew.
    pub utilization: Option<[f64; 8]>,
    /// Its frequency, Hz, where there is one.
    pub frequency_hz: Option<u64>,
}

/// All logical CPUs, over time.
#[derive(Debug)]
pub(crate) struct Cpus {
    ticks_per_s: u64,
    before: BTreeMap<u32, Ticks>,
}

impl Cpus {
    pub(crate) const fn new(ticks_per_s: u64) -> Self {
        Self { ticks_per_s, before: BTreeMap::new() }
    }

    pub(crate) fn take(&mut self, stat: &Stat, reading: &Reading<'_>) -> Vec<Cpu> {
        let frequencies = frequencies(stat, reading);
        let of = |&(number, now): &(u32, Ticks)| {
            let (ticks, utilization) = self.since(number, now);
            let times_s = ticks.map(|ticks| ticks as f64 / self.ticks_per_s.max(1) as f64);
            Cpu { number, times_s, utilization, frequency_hz: frequencies.get(&number).copied() }
        };
        stat.cpus.iter().map(of).collect()
    }

    /// What holds now, and which part of the time since before was spent in each state.
    fn since(&mut self, number: u32, now: Ticks) -> (Ticks, Option<[f64; 8]>) {
        let Some(before) = self.before.get(&number) else {
            self.before.insert(number, now);
            return (now, None);
        };
        let jitter = JITTER_S * self.ticks_per_s;
        let mut held = now;
        for (now, before) in held.iter_mut().zip(before) {
            if *now < *before && *before - *now <= jitter {
                *now = *before;
            }
        }
        let mut spent = [0; 8];
        let is_new = held.iter().zip(before).any(|(now, before)| now < before);
        for ((spent, now), before) in spent.iter_mut().zip(held).zip(before) {
            *spent = now.saturating_sub(*before);
        }
        self.before.insert(number, held);
        let whole = spent.iter().fold(0_u64, |whole, spent| whole.saturating_add(*spent));
        (held, (whole > 0 && !is_new).then(|| spent.map(|spent| spent as f64 / whole as f64)))
    }
}

/// By CPU: as the driver of the frequency says, else as the processor does (x86 alone). A virtual machine may have none.
fn frequencies(stat: &Stat, reading: &Reading<'_>) -> BTreeMap<u32, u64> {
    let of = |number: u32| {
        let path = reading.roots.sys.join(format!("devices/system/cpu/cpu{number}/cpufreq/scaling_cur_freq"));
        Some((number, self::number(&path)?.checked_mul(1_000)?))
    };
    let told: BTreeMap<_, _> = stat.cpus.iter().filter_map(|(number, _)| of(*number)).collect();
    if !told.is_empty() {
        return told;
    }
    crate::reading::read(&reading.roots.proc.join("cpuinfo")).map(|text| megahertz(&text)).unwrap_or_default()
}

/// Hertz by CPU, from `/proc/cpuinfo`.
fn megahertz(text: &str) -> BTreeMap<u32, u64> {
    let (mut found, mut processor) = (BTreeMap::new(), None);
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        match name.trim_end() {
            "processor" => processor = value.trim().parse().ok(),
            "cpu MHz" => {
                let megahertz = value.trim().parse().ok().filter(|megahertz: &f64| megahertz.is_finite());
                // The sign and what is beyond are cut off.
                found.extend(processor.zip(megahertz.map(|megahertz| (megahertz * 1e6) as u64)));
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn metrics(cpus: &[Cpu], sheet: &mut Sheet<'_>) {
    let names: Vec<_> = cpus.iter().map(|cpu| format!("cpu{}", cpu.number)).collect();
    let named = || cpus.iter().zip(&names);
    let by_state = |name, of: [f64; 8]| {
        STATES.iter().zip(of).map(move |(state, of)| value(of, &[("cpu", name), ("state", *state)]))
    };
    let times = named().flat_map(|(cpu, name)| by_state(name.as_str(), cpu.times_s)).collect();
    sheet.counter("system.cpu.time", "s", "Time of each logical CPU by state", times);
    let parts = named().filter_map(|(cpu, name)| Some(by_state(name.as_str(), cpu.utilization?)));
    let description = "Part of the time since the point before, by state";
    sheet.gauge("system.cpu.utilization", "1", description, parts.flatten().collect());
    if !cpus.is_empty() {
        sheet.up_down("system.cpu.logical.count", "{cpu}", "Logical CPUs that are online", whole(cpus.len() as u64));
    }
    let frequencies =
        named().filter_map(|(cpu, name)| Some(value(cpu.frequency_hz? as f64, &[("cpu", name.as_str())])));
    sheet.gauge("system.cpu.frequency", "Hz", "Frequency as of now", frequencies.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilization_is_by_what_was_spent_since_before_and_adds_up_to_one() {
        let mut cpus = Cpus::new(100);
        assert_eq!(cpus.since(0, [10, 0, 0, 100, 0, 0, 0, 0]).1, None);
        let parts = cpus.since(0, [35, 0, 25, 150, 0, 0, 0, 0]).1.unwrap();
        assert_eq!(parts, [0.25, 0.0, 0.25, 0.5, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(cpus.since(0, [35, 0, 25, 150, 0, 0, 0, 0]).1, None, "no time has passed");
        assert_eq!(cpus.since(1, [1; 8]).1, None, "it came online");
    }

    #[test]
    fn idle_that_goes_back_by_a_tick_is_held_and_a_new_beginning_is_not() {
        let mut cpus = Cpus::new(100);
        cpus.since(0, [0, 0, 0, 1_000, 500, 0, 0, 0]);
        let (held, parts) = cpus.since(0, [10, 0, 0, 999, 200, 0, 0, 0]);
        assert_eq!((held, parts.unwrap()), ([10, 0, 0, 1_000, 500, 0, 0, 0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
        let (anew, parts) = cpus.since(0, [20, 0, 0, 5, 500, 0, 0, 0]);
        assert_eq!((anew, parts), ([20, 0, 0, 5, 500, 0, 0, 0], None));
    }

    #[test]
    fn megahertz_are_those_of_the_processor_above_them() {
        let text = "processor\t: 0\ncpu MHz\t\t: 2600.036\n\nprocessor\t: 7\nmodel\t: x\ncpu MHz\t: odd\nprocessor : 8\ncpu MHz : 1e300\n";
        assert_eq!(megahertz(text), [(0, 2_600_036_000), (8, u64::MAX)].into());
    }
}
