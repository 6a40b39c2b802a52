//! Swap (`proc_swaps(5)`), and faults (`proc_vmstat(5)`).
//!
//! The Collector gives faults and swapped pages in bytes, by a page of 4 KiB, under units that say otherwise; here they are
//! counts. What it calls minor operations is what block devices move (`pgpgin`, `pgpgout`), which is `system.disk.io`.

use crate::reading::Reading;
use crate::text::{named, unescaped};
use rewind_otlp::metric::sheet::{Sheet, value};

/// A swap area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Its device or file.
    pub device: String,
    /// Its bytes.
    pub total: u64,
    /// Those in use.
    pub used: u64,
}

/// Faults and swapping since the host's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Faults that no I/O was needed for.
    pub minor: Option<u64>,
    /// Those that waited for it.
    pub major: Option<u64>,
    /// Pages that came in from swap.
    pub swapped_in: Option<u64>,
    /// Pages that went out.
    pub swapped_out: Option<u64>,
}

impl Faults {
    /// Reads it; `None`: nothing of it is there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let named = named(text);
        let of = |name| named.get(name).copied();
        let major = of("pgmajfault");
        let minor = of("pgfault").zip(major).map(|(all, major)| all.saturating_sub(major));
        let faults = Self { minor, major, swapped_in: of("pswpin"), swapped_out: of("pswpout") };
        (faults != Self::default()).then_some(faults)
    }
}

/// Swap areas; `None`: the text is not such a file. Without swap there is the heading alone.
#[must_use]
pub fn swaps(text: &str) -> Option<Vec<Swap>> {
    let mut lines = text.lines();
    lines.next().filter(|heading| heading.starts_with("Filename"))?;
    let of = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (device, _) = (words.next()?, words.next()?);
        let mut bytes = || words.next()?.parse::<u64>().ok()?.checked_mul(1024);
        Some(Swap { device: unescaped(device), total: bytes()?, used: bytes()? })
    };
    Some(lines.filter_map(of).collect())
}

pub(crate) fn read(reading: &mut Reading<'_>) -> (Vec<Swap>, Option<Faults>) {
    let faults = reading.proc("vmstat", Faults::parse);
    (reading.proc("swaps", swaps).unwrap_or_default(), faults)
}

pub(crate) fn metrics(swaps: &[Swap], faults: Option<Faults>, sheet: &mut Sheet<'_>) {
    let states = |swap: &Swap| [("used", swap.used.min(swap.total)), ("free", swap.total.saturating_sub(swap.used))];
    let by_state = |of: fn(u64, u64) -> rewind_otlp::metric::Number| {
        let areas = swaps.iter().filter(|swap| swap.total > 0);
        let values = areas.flat_map(|swap| {
            let of = states(swap).map(|(state, bytes)| (state, of(bytes, swap.total)));
            of.map(|(state, number)| value(number, &[("device", swap.device.as_str()), ("state", state)]))
        });
        values.collect::<Vec<_>>()
    };
    sheet.up_down("system.paging.usage", "By", "Swap by state", by_state(|bytes, _| bytes.into()));
    let parts = by_state(|bytes, total| (bytes as f64 / total as f64).into());
    sheet.gauge("system.paging.utilization", "1", "Part of a swap area by state", parts);
    let Some(faults) = faults else { return };
    let swapped = [("page_in", faults.swapped_in), ("page_out", faults.swapped_out)];
    let swapped =
        swapped.iter().filter_map(|(way, pages)| Some(value((*pages)?, &[("direction", way), ("type", "major")])));
    sheet.counter("system.paging.operations", "{operations}", "Pages that were swapped", swapped.collect());
    let kinds = [("minor", faults.minor), ("major", faults.major)];
    let kinds = kinds.iter().filter_map(|(kind, count)| Some(value((*count)?, &[("type", *kind)])));
    sheet.counter("system.paging.faults", "{faults}", "Page faults, without and with I/O", kinds.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_faults_are_those_that_are_not_major() {
        let faults = Faults::parse("nr_free_pages 5\npgfault 100\npgmajfault 7\npswpin 1\nodd\npswpout -3\n").unwrap();
        assert_eq!((faults.minor, faults.major), (Some(93), Some(7)));
        assert_eq!((faults.swapped_in, faults.swapped_out), (Some(1), None));
        assert_eq!(Faults::parse("nr_free_pages 5\n"), None);
    }

    #[test]
    fn swap_areas_are_read_and_a_host_may_have_none() {
        let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert_eq!(swaps(heading).unwrap(), []);
        let text = format!("{heading}/swap\\040file  file 1024 12 -2\nshort\n/dev/zram0 partition x 0 5\n");
        let swap = Swap { device: "/swap file".to_owned(), total: 1 << 20, used: 12 << 10 };
        assert_eq!(swaps(&text).unwrap(), [swap]);
        assert_eq!(swaps("nonsense\n"), None);
    }
}
