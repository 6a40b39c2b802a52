//! Block devices (`Documentation/admin-guide/iostats.rst`).
//!
//! Devices that have never done anything are left out: kernels make sixteen RAM disks and eight loop devices beforehand.
//! Partitions are told beside their disk, as the Collector does: a sum over all devices counts those twice.

use crate::reading::Reading;
use procfs::DiskStat;
use rewind_otlp::metric::sheet::{Sheet, value};

/// A sector of this file, whatever the device's own are.
pub const SECTOR_BYTES: u64 = 512;

/// Block devices that have done something; `None`: the text is not such a file.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<DiskStat>> {
    let disks: Vec<_> = text.lines().filter_map(|line| DiskStat::from_line(line).ok()).collect();
    // A host without block devices has an empty file.
    let is_one = !disks.is_empty() || text.trim().is_empty();
    is_one.then(|| disks.into_iter().filter(|disk| (disk.reads | disk.writes | disk.in_progress) > 0).collect())
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Vec<DiskStat> {
    reading.proc("diskstats", parse).unwrap_or_default()
}

pub(crate) fn metrics(disks: &[DiskStat], sheet: &mut Sheet<'_>) {
    let by_direction = |of: fn(&DiskStat) -> [u64; 2]| {
        let of = disks.iter().map(move |disk| (disk, ["read", "write"].into_iter().zip(of(disk))));
        of.flat_map(|(disk, ways)| ways.map(|(way, number)| (disk.name.as_str(), way, number))).collect::<Vec<_>>()
    };
    let counts = |of| {
        let of = by_direction(of).into_iter();
        of.map(|(disk, way, number)| value(number, &[("device", disk), ("direction", way)])).collect()
    };
    let bytes = counts(|disk| [disk.sectors_read, disk.sectors_written].map(|of| of.saturating_mul(SECTOR_BYTES)));
    sheet.counter("system.disk.io", "By", "Bytes read and written", bytes);
    let operations = counts(|disk| [disk.reads, disk.writes]);
    sheet.counter("system.disk.operations", "{operations}", "Operations that were done", operations);
    let merged = counts(|disk| [disk.merged, disk.writes_merged]);
    sheet.counter("system.disk.merged", "{operations}", "Operations that became part of another", merged);
    let times = by_direction(|disk| [disk.time_reading, disk.time_writing]).into_iter();
    let times = times.map(|(disk, way, ms)| value(seconds(ms), &[("device", disk), ("direction", way)])).collect();
    sheet.counter("system.disk.operation_time", "s", "Time of all operations, one beside the other", times);
    let one = |of: fn(&DiskStat) -> u64| {
        disks.iter().map(|disk| value(seconds(of(disk)), &[("device", disk.name.as_str())])).collect()
    };
    let busy = one(|disk| disk.time_in_progress);
    sheet.counter("system.disk.io_time", "s", "Time with an operation under way", busy);
    let weighted = one(|disk| disk.weighted_time_in_progress);
    sheet.counter("system.disk.weighted_io_time", "s", "The same, by how many were under way", weighted);
    let pending = disks.iter().map(|disk| value(disk.in_progress, &[("device", disk.name.as_str())])).collect();
    sheet.up_down("system.disk.pending_operations", "{operations}", "Operations under way", pending);
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_did_something_are_told_in_old_kernels_and_new() {
        let text = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\
                    254       0 vda 16 3 579 767 29 23 155 181 2 343 968 18 254 148 178 32 10\n\
                    odd\n\
                      8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n\
                      8       2 sda2 1 2 3 4 5 6 7 8 9 10\n";
        let disks = parse(text).unwrap();
        let of =
            |at: usize| (disks[at].name.as_str(), disks[at].reads, disks[at].sectors_written, disks[at].in_progress);
        assert_eq!((disks.len(), of(0), of(1)), (2, ("vda", 16, 155, 2), ("sda1", 1, 7, 9)));
        assert!(parse("odd\n").is_none());
        assert!(parse("").unwrap().is_empty());
    }
}
