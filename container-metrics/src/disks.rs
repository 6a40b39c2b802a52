//! What was read from block devices and written to them (`cgroup-v2.rst`, "IO"; `cgroup-v1/blkio-controller.rst`).
//!
//! What goes through page cache is counted when it is written out. Through the device mapper it is counted of both
//! devices.

use crate::hierarchies::Controller;
use crate::reading::{Hierarchy, Reading};
use crate::subject::Subject;
use rewind_otlp::metric::sheet::{Sheet, value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A block device's major and minor number.
pub type Device = (u32, u32);

/// A block device, as one cgroup uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its name, or its numbers where it has none.
    pub name: String,
    /// Bytes that were read.
    pub read_bytes: Option<u64>,
    /// Bytes that were written.
    pub written_bytes: Option<u64>,
    /// Reads.
    pub reads: Option<u64>,
    /// Writes.
    pub writes: Option<u64>,
}

type Disks = BTreeMap<Device, Disk>;

/// `io.stat` of v2. Some kernels write devices without figures in front of another, on its line (5.15).
fn v2(text: &str) -> Disks {
    let mut disks = Disks::new();
    let mut of = None;
    for word in text.split_ascii_whitespace() {
        let Some((key, number)) = word.split_once('=') else {
            of = device(word);
            continue;
        };
        let (Some(device), Ok(number)) = (of, number.parse()) else { continue };
        let figure: fn(&mut Disk) -> &mut Option<u64> = match key {
            "rbytes" => |disk| &mut disk.read_bytes,
            "wbytes" => |disk| &mut disk.written_bytes,
            "rios" => |disk| &mut disk.reads,
            "wios" => |disk| &mut disk.writes,
            _ => continue,
        };
        *figure(disks.entry(device).or_default()) = Some(number);
    }
    disks
}

/// A file of v1: a line a device and operation, and sums at the end. A device is there once the cgroup, or one above it,
/// has a limit for it (`block/blk-throttle.c`, 6.18): without one, v1 does not tell.
fn v1(text: &str) -> Vec<(Device, bool, u64)> {
    let of = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (device, operation) = (device(words.next()?)?, words.next()?);
        let is_read = ["Read", "Write"].contains(&operation).then_some(operation == "Read")?;
        Some((device, is_read, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(of).collect()
}

fn device(word: &str) -> Option<Device> {
    let (major, minor) = word.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Option<Vec<Disk>> {
    let mut disks = match reading.home(Controller::Blkio) {
        at @ Hierarchy::V2 => reading.maybe(at, "io.stat", |text| Some(v2(text)))?,
        at => {
            let mut of = |what: &str| {
                // With what is below, since Linux 4.20.
                let all = reading.maybe(at, &format!("blkio.throttle.{what}_recursive"), |text| Some(v1(text)));
                all.or_else(|| reading.maybe(at, &format!("blkio.throttle.{what}"), |text| Some(v1(text))))
            };
            let (bytes, operations) = (of("io_service_bytes")?, of("io_serviced"));
            let mut disks = Disks::new();
            for (device, is_read, number) in bytes {
                let disk = disks.entry(device).or_default();
                *(if is_read { &mut disk.read_bytes } else { &mut disk.written_bytes }) = Some(number);
            }
            for (device, is_read, number) in operations.into_iter().flatten() {
                let disk = disks.entry(device).or_default();
                *(if is_read { &mut disk.reads } else { &mut disk.writes }) = Some(number);
            }
            disks
        }
    };
    for (device, disk) in &mut disks {
        disk.name = name(reading.sys, *device);
    }
    Some(disks.into_values().collect())
}

fn name(sys: &Path, (major, minor): Device) -> String {
    let numbers = format!("{major}:{minor}");
    let link = fs::read_link(sys.join("dev/block").join(&numbers)).ok();
    link.as_deref().and_then(Path::file_name).map_or(numbers, |name| name.to_string_lossy().into_owned())
}

pub(crate) fn metrics(disks: &[Disk], of: Subject, sheet: &mut Sheet<'_>) {
    let values = |of: fn(&Disk) -> [Option<u64>; 2]| {
        let of = disks.iter().flat_map(|disk| ["read", "write"].into_iter().zip(of(disk)).map(move |it| (disk, it)));
        let counted = of.filter_map(|(disk, (way, number))| Some((disk.name.as_str(), way, number?)));
        counted
            .map(|(name, way, number)| value(number, &[("disk.io.direction", way), ("system.device", name)]))
            .collect()
    };
    // The conventions have it for containers alone.
    let io = if of == Subject::Container { of.known() } else { of.own() };
    let bytes = values(|disk| [disk.read_bytes, disk.written_bytes]);
    sheet.counter(&format!("{io}.disk.io"), "By", "Bytes read and written", bytes);
    let operations = values(|disk| [disk.reads, disk.writes]);
    sheet.counter(&format!("{}.disk.operations", of.own()), "{operation}", "Reads and writes", operations);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_without_figures_stand_before_others_on_a_line() {
        let text =
            "7:7 7:6 254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:0 rbytes=9 wbytes=x odd=\nrios=1\n";
        let disks = v2(text);
        let of = |disk: &Disk| [disk.read_bytes, disk.written_bytes, disk.reads, disk.writes];
        assert_eq!(disks.keys().copied().collect::<Vec<_>>(), [(8, 0), (254, 0)]);
        assert_eq!(of(&disks[&(254, 0)]), [1, 2, 3, 4].map(Some));
        assert_eq!(of(&disks[&(8, 0)]), [Some(9), None, Some(1), None]);
        assert!(v2("rbytes=1 a:b rbytes=2 1:99999999999 rbytes=3").is_empty());
    }

    #[test]
    fn v1_has_a_line_an_operation() {
        let text = "8:0 Read 4096\n8:0 Write 12\n8:0 Sync 1\n8:0 Total 4108\nTotal 4108\n8:1 Read\n";
        assert_eq!(v1(text), [((8, 0), true, 4096), ((8, 0), false, 12)]);
    }

    #[test]
    fn a_device_without_a_name_is_told_by_its_numbers() {
        let sys = tempfile::tempdir().unwrap();
        fs::create_dir_all(sys.path().join("dev/block")).unwrap();
        std::os::unix::fs::symlink("../../devices/x/block/vda", sys.path().join("dev/block/254:0")).unwrap();
        assert_eq!((name(sys.path(), (254, 0)), name(sys.path(), (8, 1))), ("vda".to_owned(), "8:1".to_owned()));
    }
}
