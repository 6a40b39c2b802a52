//! Pressure stall information (`Documentation/accounting/psi.rst`): how long tasks waited for CPU, memory or I/O.
//!
//! Neither the conventions nor the Collector have a name for it.

use crate::reading::{Reading, read as text_of};
use crate::text::hundredths;
use procfs::parse_pressure_record;
use rewind_otlp::metric::sheet::{Sheet, value};

/// What is waited for. The kernel tells of interrupts where it was built to.
const RESOURCES: [&str; 4] = ["cpu", "memory", "io", "irq"];
const WINDOWS: [&str; 3] = ["10s", "60s", "300s"];

/// What was waited for, and by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressure {
    /// `cpu`, `memory`, `io` or `irq`.
    pub resource: &'static str,
    /// `some`: a task waited. `full`: all that had something to do waited.
    pub who: &'static str,
    /// Time since the start of the host, or of the cgroup, seconds.
    pub waited_s: f64,
    /// Which part of the last 10, 60 and 300 seconds.
    pub parts: [f64; 3],
}

/// The lines of a resource's file; `None`: it has none. There may be one alone: `full` of CPUs since Linux 5.13, and
/// interrupts have no other.
#[must_use]
pub fn parse(resource: &'static str, text: &str) -> Option<Vec<Pressure>> {
    let of = |line: &str| {
        let who = ["some", "full"].into_iter().find(|who| line.split(' ').next() == Some(*who))?;
        // The parser cuts off five bytes.
        line.get(5..)?;
        let record = parse_pressure_record(line).ok()?;
        let parts = [record.avg10, record.avg60, record.avg300].map(|percent| hundredths(percent) / 100.0);
        let is_finite = parts.iter().all(|part| part.is_finite());
        is_finite.then(|| Pressure { resource, who, waited_s: record.total as f64 / 1e6, parts })
    };
    let found: Vec<_> = text.lines().filter_map(of).collect();
    (!found.is_empty()).then_some(found)
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Vec<Pressure> {
    let mut all = Vec::new();
    for resource in RESOURCES {
        let file = format!("pressure/{resource}");
        let is_usual = resource == "irq" && text_of(&reading.roots.proc.join(&file)).is_err();
        if !is_usual {
            all.extend(reading.proc(&file, |text| parse(resource, text)).unwrap_or_default());
        }
    }
    all
}

/// The same as metrics, whose names begin with `of`.
pub fn metrics(pressures: &[Pressure], of: &str, sheet: &mut Sheet<'_>) {
    let times =
        pressures.iter().map(|its| value(its.waited_s, &[("resource", its.resource), ("who", its.who)])).collect();
    let description = "Time that some task, or all that had something to do, waited";
    sheet.counter(&format!("{of}.pressure.time"), "s", description, times);
    let parts = pressures.iter().flat_map(|its| {
        let windows = WINDOWS.iter().zip(its.parts);
        windows.map(|(window, part)| value(part, &[("resource", its.resource), ("who", its.who), ("window", *window)]))
    });
    sheet.gauge(&format!("{of}.pressure.utilization"), "1", "Part of a window's time, likewise", parts.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_each_for_itself() {
        let text = "some avg10=3.17 avg60=2.98 avg300=1.70 total=27453383715\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        let found = parse("cpu", text).unwrap();
        assert_eq!((found[0].who, found[0].waited_s), ("some", 27_453.383_715));
        assert!((found[0].parts[0] - 0.0317).abs() < 1e-9 && found[1].parts == [0.0; 3]);
        assert_eq!(parse("cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n").unwrap().len(), 1);
        for odd in ["", "some", "full", "somé avg10", "some avg10=1 avg60=x avg300=0 total=0", "some é", "all avg10=0"]
        {
            assert_eq!(parse("io", odd), None, "{odd}");
        }
    }
}
