//! A host as a whole: of real texts, of texts nobody has seen, and the one that the tests run on.

use crate::filesystems::{self, Filesystems};
use crate::{Host, Roots, connections, disks, memory, network, paging, pressure, processes, stat};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// Files of a host, as a kernel 6.18 has them.
const FILES: [(&str, &str); 13] = [
    (
        "stat",
        "cpu  300 0 100 1200 80 0 20 0 0 0\ncpu0 100 0 50 600 40 0 10 0 0 0\ncpu1 200 0 50 600 40 0 10 0 0 0\n\
         intr 133910544 0 0\nctxt 262511079\nbtime 1795837726\nprocesses 5443109\nprocs_running 3\nprocs_blocked 1\n\
         softirq 146573124 0 6168986\n",
    ),
    ("loadavg", "1.40 1.11 0.96 3/95 13420\n"),
    ("uptime", "88042.09 47721.49\n"),
    (
        "meminfo",
        "MemTotal:       24684084 kB\nMemFree:        20025636 kB\nMemAvailable:   23000000 kB\nBuffers:          100 kB\n\
         Cached:          2000000 kB\nSwapCached:            0 kB\nDirty:               132 kB\nSReclaimable:     500000 kB\n\
         SUnreclaim:        30000 kB\nHugePages_Total:       0\n",
    ),
    ("vmstat", "nr_free_pages 5006409\npgpgin 289987421\npswpin 3\npswpout 4\npgfault 2429838721\npgmajfault 528358\n"),
    ("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0 partition\t1048572\t1024\t-2\n"),
    (
        "diskstats",
        "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n 254       0 vda 16146466 318502 579974842 76789900 2927714 \
         2364191 1552488240 18188740 1 3433936 96869455 1881994 254 1489618496 1784383 321555 106431\n",
    ),
    ("filesystems", "nodev\tsysfs\nnodev\ttmpfs\n\text4\n"),
    ("1/mountinfo", "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw\n"),
    (
        "1/net/dev",
        "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop\n\
         \x20   lo: 115761522105 110214198 0 0 0 0 0 0 115761522105 110214198 0 0 0 0 0 0\n\
         \x20 eth0: 2128857840 90123 1 2 0 0 0 0 5864708 56576 3 4 0 0 0 0\n",
    ),
    ("1/net/tcp", "  sl  local_address\n   0: 00000000:07E8 00000000:0000 0A 00000000:00000000\n"),
    ("1/stat", "1 (init) S 0 1 1 0 -1 4194560\n"),
    ("pressure/cpu", "some avg10=3.17 avg60=2.98 avg300=1.70 total=27453383715\n"),
];

/// A host of those files, with another text for some.
fn host(other: &[(&str, &[u8])]) -> (TempDir, Roots) {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in FILES {
        let path = dir.path().join("proc").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (file, text) in other {
        fs::write(dir.path().join("proc").join(file), text).unwrap();
    }
    let roots = Roots { proc: dir.path().join("proc"), sys: dir.path().join("sys"), root: dir.path().to_owned() };
    (dir, roots)
}

fn points(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(metric::Data::Sum(sum)) => &sum.data_points,
        Some(metric::Data::Gauge(gauge)) => &gauge.data_points,
        _ => panic!("{metric:?}"),
    }
}

fn number(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(number_data_point::Value::AsInt(number)) => number as f64,
        Some(number_data_point::Value::AsDouble(number)) => number,
        None => panic!("{point:?}"),
    }
}

/// What a metric says of what has these texts as attributes.
fn told(metrics: &[Metric], name: &str, texts: &[&str]) -> Option<f64> {
    let metric = metrics.iter().find(|metric| metric.name == name)?;
    let has = |point: &NumberDataPoint, text: &str| format!("{:?}", point.attributes).contains(&format!("{text:?}"));
    let found = points(metric).iter().find(|point| texts.iter().all(|text| has(point, text)));
    found.map(number)
}

const NOW: u64 = 1_795_900_000_000_000_000;
const BOOT: u64 = 1_795_837_726_000_000_000;

#[test]
fn each_family_says_what_the_files_say() {
    let (_dir, roots) = host(&[]);
    let filesystems = Filesystems::new(roots.clone());
    let mut host = Host::new(roots);
    let (mut figures, unread) = host.read();
    let unread: Vec<_> = unread.iter().map(|unread| unread.what.as_str()).collect();
    assert_eq!(unread, ["pressure/memory", "pressure/io"], "what is not there is told, and nothing else");
    figures.filesystems = filesystems.look().0;
    let metrics = host.metrics(&figures, NOW);
    for (name, texts, is) in [
        ("system.cpu.time", &["cpu1", "user"][..], 2.0),
        ("system.cpu.time", &["cpu0", "wait"], 0.4),
        ("system.cpu.logical.count", &[], 2.0),
        ("system.cpu.load_average.1m", &[], 1.4),
        ("system.cpu.load_average.15m", &[], 0.96),
        ("system.uptime", &[], 88_042.09),
        ("system.memory.usage", &["used"], 1_684_084.0 * 1024.0),
        ("system.memory.usage", &["cached"], 2_500_000.0 * 1024.0),
        ("system.memory.limit", &[], 24_684_084.0 * 1024.0),
        ("system.paging.usage", &["/dev/zram0", "used"], 1_048_576.0),
        ("system.paging.operations", &["page_out", "major"], 4.0),
        ("system.paging.faults", &["minor"], 2_429_310_363.0),
        ("system.disk.io", &["vda", "read"], 579_974_842.0 * 512.0),
        ("system.disk.operations", &["vda", "write"], 2_927_714.0),
        ("system.disk.merged", &["vda", "write"], 2_364_191.0),
        ("system.disk.operation_time", &["vda", "read"], 76_789.9),
        ("system.disk.io_time", &["vda"], 3_433.936),
        ("system.disk.weighted_io_time", &["vda"], 96_869.455),
        ("system.disk.pending_operations", &["vda"], 1.0),
        ("system.network.io", &["eth0", "transmit"], 5_864_708.0),
        ("system.network.packets", &["lo", "receive"], 110_214_198.0),
        ("system.network.errors", &["eth0", "transmit"], 3.0),
        ("system.network.dropped", &["eth0", "receive"], 2.0),
        ("system.network.connections", &["LISTEN"], 1.0),
        ("system.network.connections", &["FIN_WAIT_1"], 0.0),
        ("system.processes.count", &["running"], 3.0),
        ("system.processes.count", &["sleeping"], 1.0),
        ("system.processes.created", &[], 5_443_109.0),
        ("rewind.host.pressure.time", &["cpu", "some"], 27_453.383_715),
    ] {
        assert_eq!(told(&metrics, name, texts), Some(is), "{name} {texts:?}");
    }
    assert_eq!(told(&metrics, "system.disk.io", &["loop0"]), None, "it has never done anything");
    assert_eq!(told(&metrics, "system.cpu.utilization", &[]), None, "there is nothing before");
    assert!(told(&metrics, "system.filesystem.usage", &["/dev/vda", "ext4", "rw", "used"]) > Some(0.0));
    assert!(metrics.iter().flat_map(points).all(|point| point.start_time_unix_nano == BOOT));
}

#[test]
fn utilization_comes_with_the_second_figures() {
    let (dir, roots) = host(&[]);
    let mut host = Host::new(roots);
    host.read();
    let later = "cpu0 150 0 50 750 40 0 10 0 0 0\ncpu1 200 0 50 600 40 0 10 0 0 0\nbtime 1795837726\n";
    fs::write(dir.path().join("proc/stat"), later).unwrap();
    let figures = host.read().0;
    let metrics = host.metrics(&figures, NOW);
    assert_eq!(told(&metrics, "system.cpu.utilization", &["cpu0", "user"]), Some(0.25));
    assert_eq!(told(&metrics, "system.cpu.utilization", &["cpu0", "idle"]), Some(0.75));
    assert_eq!(told(&metrics, "system.cpu.utilization", &["cpu1"]), None, "it was not counted at all");
}

#[test]
fn a_counter_that_goes_back_begins_anew_and_its_neighbours_do_not() {
    let (dir, roots) = host(&[]);
    let mut host = Host::new(roots);
    let figures = host.read().0;
    host.metrics(&figures, NOW);
    // As 32 bits of milliseconds do after seven weeks: the time of reading.
    let wrapped = " 254 0 vda 16146467 318502 579974850 100 2927714 2364191 1552488240 18188740 0 3433936 96869455\n";
    fs::write(dir.path().join("proc/diskstats"), wrapped).unwrap();
    let figures = host.read().0;
    let metrics = host.metrics(&figures, NOW + 15_000_000_000);
    let began: BTreeMap<_, _> = metrics
        .iter()
        .filter(|metric| metric.name.starts_with("system.disk.op"))
        .flat_map(|metric| points(metric).iter().map(|point| (metric.name.as_str(), point)))
        .map(|(name, point)| ((name, number(point).to_bits()), point.start_time_unix_nano))
        .collect();
    assert_eq!(began.get(&("system.disk.operation_time", 0.1_f64.to_bits())), Some(&NOW));
    assert_eq!(began.values().filter(|began| **began == BOOT).count(), 3, "{began:?}");
}

#[test]
fn a_disk_that_goes_away_is_left_out_and_another_under_its_name_begins_anew() {
    let (dir, roots) = host(&[]);
    let mut host = Host::new(roots);
    let mut at = |second: u64, text: &str| {
        fs::write(dir.path().join("proc/diskstats"), text).unwrap();
        let figures = host.read().0;
        let metrics = host.metrics(&figures, NOW + second * 1_000_000_000);
        let of_sdb = metrics.iter().filter(|metric| metric.name == "system.disk.operations").flat_map(points);
        let of_sdb = of_sdb.filter(|point| format!("{:?}", point.attributes).contains("\"sdb\""));
        of_sdb.map(|point| (number(point), point.start_time_unix_nano)).collect::<Vec<_>>()
    };
    let vda = " 254 0 vda 1 0 1 1 1 0 1 1 0 1 1\n";
    assert_eq!(at(0, &format!("{vda} 8 16 sdb 500 0 9 9 70 0 9 9 0 9 9\n")), [(500.0, BOOT), (70.0, BOOT)]);
    assert_eq!(at(15, vda), []);
    assert_eq!(at(30, &format!("{vda} 8 16 sdb 3 0 9 9 0 0 9 9 0 9 9\n")), [(3.0, NOW), (0.0, NOW)]);
}

#[test]
fn a_host_of_which_nothing_can_be_read_has_no_zeros() {
    let roots = Roots::of("/nowhere".as_ref(), None);
    let filesystems = Filesystems::new(roots.clone()).look();
    let mut host = Host::new(roots);
    let (figures, unread) = host.read();
    assert_eq!(host.metrics(&figures, NOW), []);
    assert!(unread.len() > 8 && filesystems.0.is_empty() && !filesystems.1.is_empty(), "{unread:?}");
    assert!(unread.iter().all(|unread| unread.to_string().contains("No such file")), "{unread:?}");
}

#[test]
fn the_host_that_this_runs_on_has_every_family() {
    let roots = Roots::of("/proc".as_ref(), None);
    let filesystems = Filesystems::new(roots.clone());
    let mut host = Host::new(roots);
    host.read();
    std::thread::sleep(std::time::Duration::from_millis(50));
    let (mut figures, _) = host.read();
    figures.filesystems = filesystems.look().0;
    let metrics = host.metrics(&figures, NOW);
    for family in ["cpu.time", "cpu.utilization", "memory.usage", "paging.faults", "network.io", "processes.count"] {
        assert!(told(&metrics, &format!("system.{family}"), &[]).is_some(), "{family}: {metrics:?}");
    }
    let parts = metrics.iter().filter(|metric| metric.name.ends_with("utilization")).flat_map(points).map(number);
    assert!(parts.into_iter().all(|part| (0.0..=1.0).contains(&part)), "{metrics:?}");
}

/// A text of a host's, changed here and there.
fn changed() -> impl Strategy<Value = (usize, String)> {
    let piece =
        prop_oneof!["\\PC{0,8}", Just("\n".to_owned()), Just(" ".to_owned()), "-?[0-9]{1,25}", Just("é".to_owned())];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, piece), 0..6);
    (0..FILES.len(), edits).prop_map(|(file, edits)| {
        let text = edits.iter().fold(FILES[file].1.to_owned(), |text, (at, cut, piece)| {
            let at = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((at + cut).min(text.len()));
            format!("{}{piece}{}", &text[..at], &text[end..])
        });
        (file, text)
    })
}

fn parse_all(text: &str) {
    let _ = (stat::Stat::parse(text), memory::Memory::parse(text), paging::Faults::parse(text), paging::swaps(text));
    let _ = (disks::parse(text), network::parse(text), processes::status(text), pressure::parse("io", text));
    let _ = (filesystems::mounts(text, text), connections::count(text.as_bytes(), &mut Default::default()));
}

proptest! {
    #[test]
    fn any_text_is_figures_or_none(text in any::<String>(), lines in "(some|full|cpu[0-9]|Mem:|\\PC{0,4})( |\\PC{0,9}|\n){0,30}") {
        parse_all(&text);
        parse_all(&lines);
    }

    #[test]
    fn lines_nobody_has_seen_cost_no_more_than_their_file((file, text) in changed()) {
        parse_all(&text);
        let (_dir, roots) = host(&[(FILES[file].0, text.as_bytes())]);
        let mut host = Host::new(roots);
        let (first, unread) = host.read();
        prop_assert!(unread.len() <= 3, "{unread:?}");
        host.metrics(&first, NOW);
        let (second, _) = host.read();
        for metric in host.metrics(&second, NOW + 1) {
            for point in points(&metric) {
                prop_assert!(number(point).is_finite(), "{metric:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_more_than_their_file(
        file in 0..FILES.len(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (_dir, roots) = host(&[(FILES[file].0, &bytes)]);
        let mut host = Host::new(roots);
        let figures = host.read().0;
        host.metrics(&figures, NOW);
    }
}
