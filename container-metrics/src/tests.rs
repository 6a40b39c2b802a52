//! A cgroup as a whole: of real texts, of texts nobody has seen, one that goes away, and the one that the tests run in.

mod files;
mod odd;

use self::files::{Files, V1, V1_MOUNTS, V2, V2_OF_5_15, write};
use crate::{Figures, Hierarchies, Limits, Meter, ReadError, Subject};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A host with a cgroup of v2 at `/c`.
fn v2(files: Files<'_>) -> (TempDir, Hierarchies) {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("c"), files);
    let hierarchies = Hierarchies::default().with_unified(dir.path());
    (dir, hierarchies)
}

fn read(hierarchies: &Hierarchies) -> (Figures, Vec<String>) {
    let (figures, unread) = Figures::read(hierarchies, Path::new("/c")).unwrap();
    (figures, unread.into_iter().map(|unread| unread.what).collect())
}

const NOW: u64 = 1_795_900_000_000_000_000;
const START: u64 = NOW - 90_000_000_000;

fn metrics(figures: &Figures, of: Subject) -> Vec<Metric> {
    Meter::new(of, START).metrics(figures, &Limits::default(), NOW)
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
    points(metric).iter().find(|point| texts.iter().all(|text| has(point, text))).map(number)
}

#[track_caller]
fn each(metrics: &[Metric], expected: &[(&str, &[&str], f64)]) {
    for (name, texts, is) in expected {
        assert_eq!(told(metrics, name, texts), Some(*is), "{name} {texts:?}");
    }
}

/// What both v1 and v2 say of that container.
const OF_BOTH: &[(&str, &[&str], f64)] = &[
    ("container.cpu.time", &[], 5.021_463),
    ("rewind.container.cpu.limit", &[], 0.5),
    ("rewind.container.cpu.periods", &[], 412.0),
    ("rewind.container.cpu.throttled.periods", &[], 97.0),
    ("rewind.container.cpu.throttled.time", &[], 2.918_364),
    ("container.memory.usage", &[], 73_400_320.0),
    ("container.memory.working_set", &[], 59_768_832.0),
    ("container.memory.rss", &[], 41_943_040.0),
    ("container.memory.page_faults", &[], 183_421.0),
    ("container.memory.major_page_faults", &[], 77.0),
    ("rewind.container.memory.usage", &["shmem"], 1_048_576.0),
    ("rewind.container.memory.usage", &["kernel"], 9_437_184.0),
    ("rewind.container.memory.peak", &[], 104_857_600.0),
    ("rewind.container.memory.swap", &[], 4_096.0),
    ("rewind.container.memory.events", &["max"], 14.0),
    ("rewind.container.memory.events", &["oom_kill"], 1.0),
    ("container.disk.io", &["254:0", "read"], 8_192_000.0),
    ("container.disk.io", &["254:0", "write"], 4_096.0),
    ("rewind.container.disk.operations", &["254:0", "read"], 200.0),
    ("rewind.container.threads", &[], 12.0),
    ("rewind.container.threads.limit", &[], 512.0),
    ("container.uptime", &[], 90.0),
];

#[test]
fn each_family_says_what_the_files_of_v2_say() {
    let (_dir, hierarchies) = v2(V2);
    let (figures, unread) = read(&hierarchies);
    assert_eq!((unread, figures.cpu.weight), (vec![], Some(0.2)));
    let metrics = metrics(&figures, Subject::Container);
    each(&metrics, OF_BOTH);
    each(
        &metrics,
        &[
            ("rewind.container.cpu.time", &["system"], 1.100_463),
            ("container.memory.available", &[], 74_448_896.0),
            ("rewind.container.memory.limit", &[], 134_217_728.0),
            ("rewind.container.memory.events", &["high"], 3.0),
            ("rewind.container.pressure.time", &["cpu", "full"], 2.9),
            ("rewind.container.pressure.utilization", &["cpu", "some", "10s"], 0.125),
        ],
    );
    assert_eq!(told(&metrics, "container.cpu.usage", &[]), None, "there is nothing before");
    assert!(metrics.iter().flat_map(points).all(|point| point.start_time_unix_nano == START));
}

#[test]
fn what_an_older_kernel_does_not_tell_and_what_has_no_limit_is_no_zero() {
    let (_dir, hierarchies) = v2(V2_OF_5_15);
    let (figures, unread) = read(&hierarchies);
    assert_eq!(unread, [""; 0], "nothing is missing that there should be");
    assert_eq!((figures.disks.as_ref(), figures.cpu.limit, figures.memory.limit), (None, None, None));
    let metrics = metrics(&figures, Subject::Container);
    each(
        &metrics,
        &[("container.memory.working_set", &[], 4_096.0), ("rewind.container.cpu.throttled.periods", &[], 0.0)],
    );
    for missing in ["memory.available", "disk.io"] {
        assert_eq!(told(&metrics, &format!("container.{missing}"), &[]), None, "{missing}");
    }
    for missing in ["memory.limit", "memory.peak", "memory.swap", "threads.limit", "cpu.limit", "pressure.time"] {
        assert_eq!(told(&metrics, &format!("rewind.container.{missing}"), &[]), None, "{missing}");
    }
}

#[test]
fn controllers_of_v1_say_the_same_and_pressure_comes_from_v2_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), V1);
    write(dir.path(), &[("unified/c/cpu.stat", "usage_usec 1\n"), ("unified/c/io.pressure", V2[12].1)]);
    let (figures, unread) = read(&Hierarchies::read(V1_MOUNTS, dir.path()));
    assert_eq!((unread, figures.cpu.weight), (vec![], Some(0.5)));
    let metrics = metrics(&figures, Subject::Container);
    each(&metrics, OF_BOTH);
    each(
        &metrics,
        &[("rewind.container.cpu.time", &["user"], 3.92), ("rewind.container.pressure.time", &["io", "some"], 3.0)],
    );
    assert_eq!(told(&metrics, "container.memory.available", &[]), None, "a number that large is no limit");
}

#[test]
fn cpu_time_is_of_v2_where_the_container_is_in_no_cgroup_of_v1() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("unified/c/cpu.stat", V2[0].1), ("memory/other/x", "")]);
    let (figures, unread) = read(&Hierarchies::read(V1_MOUNTS, dir.path()));
    assert_eq!(figures.cpu.usage_ns, Some(5_021_463_000));
    assert_eq!((unread, figures.memory.current), (vec!["memory.current".to_owned(), "memory.stat".to_owned()], None));
}

#[test]
fn cpu_in_use_and_its_part_of_limits_come_with_the_second_figures() {
    let (_dir, hierarchies) = v2(V2);
    let figures = read(&hierarchies).0;
    let mut later = figures.clone();
    later.ktime_ns = figures.ktime_ns + 10_000_000_000;
    later.cpu.usage_ns = Some(5_021_463_000 + 2_500_000_000);
    let limits =
        Limits { cpu_request: Some(0.1), cpu_limit: Some(0.5), memory_request: None, memory_limit: Some(146_800_640) };
    let mut meter = Meter::new(Subject::Container, START);
    let first = meter.metrics(&figures, &limits, NOW);
    assert_eq!(told(&first, "k8s.container.cpu_limit_utilization", &[]), None);
    each(
        &meter.metrics(&later, &limits, NOW + 1),
        &[
            ("container.cpu.usage", &[], 0.25),
            ("k8s.container.cpu_limit_utilization", &[], 0.5),
            ("k8s.container.cpu_request_utilization", &[], 2.5),
            ("k8s.container.memory_limit_utilization", &[], 0.5),
        ],
    );
    let no_limit = Limits { cpu_limit: Some(0.0), ..Limits::default() };
    later.ktime_ns += 1;
    let last = meter.metrics(&later, &no_limit, NOW + 2);
    assert!(!last.iter().any(|metric| metric.name.ends_with("_utilization")), "{last:?}");
    let backwards = meter.metrics(&figures, &limits, NOW + 3);
    assert_eq!(told(&backwards, "container.cpu.usage", &[]), None, "time went back");
}

#[test]
fn a_pod_has_names_of_its_own() {
    let (_dir, hierarchies) = v2(V2);
    let metrics = metrics(&read(&hierarchies).0, Subject::Pod);
    each(
        &metrics,
        &[
            ("k8s.pod.cpu.time", &[], 5.021_463),
            ("k8s.pod.memory.working_set", &[], 59_768_832.0),
            ("rewind.pod.disk.io", &["read"], 8_192_000.0),
            ("rewind.pod.memory.events", &["oom_kill"], 1.0),
        ],
    );
    assert!(!metrics.iter().any(|metric| metric.name.contains("container")), "{metrics:?}");
}

#[test]
fn a_counter_that_goes_back_begins_anew_and_its_neighbours_do_not() {
    let (dir, hierarchies) = v2(V2);
    let mut meter = Meter::new(Subject::Container, START);
    meter.metrics(&read(&hierarchies).0, &Limits::default(), NOW);
    fs::write(dir.path().join("c/io.stat"), "254:0 rbytes=1 wbytes=4096 rios=201 wios=1\n").unwrap();
    let metrics = meter.metrics(&read(&hierarchies).0, &Limits::default(), NOW + 15_000_000_000);
    let of = |name: &str| points(metrics.iter().find(|metric| metric.name == name).unwrap());
    let began = |name| of(name).iter().map(|point| point.start_time_unix_nano).collect::<Vec<_>>();
    assert_eq!(began("container.disk.io"), [NOW, START]);
    assert_eq!(began("container.cpu.time"), [START]);
}

#[test]
fn a_path_that_leads_out_is_refused_and_one_that_is_not_there_is_gone() {
    let (dir, hierarchies) = v2(V2);
    write(dir.path(), &[("out/cpu.stat", "usage_usec 1\n")]);
    let inner = Hierarchies::default().with_unified(&dir.path().join("c"));
    for out in ["../out", "/../out", "x/../../out", "/.."] {
        assert_eq!(Figures::read(&inner, Path::new(out)), Err(ReadError::Outside), "{out}");
    }
    assert_eq!(Figures::read(&hierarchies, Path::new("/d")), Err(ReadError::Gone));
    let (figures, unread) = Figures::read(&Hierarchies::default(), Path::new("/c")).unwrap();
    assert_eq!((figures.memory.current, unread[0].what.as_str()), (None, "cgroup"), "nobody knows whether it is there");
}

#[test]
fn a_file_that_cannot_be_read_costs_no_other_and_is_told() {
    let (dir, hierarchies) = v2(V2);
    for file in ["memory.current", "pids.max"] {
        fs::remove_file(dir.path().join("c").join(file)).unwrap();
        fs::create_dir(dir.path().join("c").join(file)).unwrap();
    }
    fs::remove_file(dir.path().join("c/cpu.stat")).unwrap();
    fs::write(dir.path().join("c/io.pressure"), "odd\n").unwrap();
    let (figures, unread) = read(&hierarchies);
    assert_eq!(unread, ["cpu.stat", "memory.current", "pids.max", "io.pressure"]);
    assert_eq!((figures.memory.limit, figures.pids.current), (Some(134_217_728), Some(12)));
}

#[test]
fn a_cgroup_may_go_away_while_it_is_read() {
    for round in 0..40 {
        let (dir, hierarchies) = v2(V2);
        let cgroup = dir.path().join("c");
        let ends = std::thread::spawn(move || fs::remove_dir_all(cgroup).unwrap());
        while let Ok((figures, unread)) = Figures::read(&hierarchies, Path::new("/c")) {
            metrics(&figures, Subject::Container);
            assert!(unread.iter().all(|unread| unread.why.contains("No such file")), "{round}: {unread:?}");
        }
        ends.join().unwrap();
        assert_eq!(Figures::read(&hierarchies, Path::new("/c")), Err(ReadError::Gone));
    }
}

#[test]
fn the_cgroup_that_this_runs_in_tells_its_cpu_time() {
    let [mountinfo, cgroups] =
        ["mountinfo", "cgroup"].map(|file| fs::read_to_string(Path::new("/proc/self").join(file)));
    let (hierarchies, cgroups) = (Hierarchies::read(&mountinfo.unwrap(), Path::new("/")), cgroups.unwrap());
    let path = cgroups.lines().find_map(|line| line.strip_prefix("0::"));
    // A path that goes up is of a process that is not below this one's cgroup namespace.
    let path = path.filter(|path| !path.contains("..")).unwrap_or("/");
    let (figures, unread) = Figures::read(&hierarchies, Path::new(path)).unwrap();
    if !unread.iter().any(|unread| unread.what.starts_with("cpu") || unread.what == "cgroup") {
        let used = |figures: &Figures| figures.cpu.usage_ns.unwrap();
        assert!(used(&figures) > 0 && figures.cpu.user_ns.is_some(), "{figures:?}");
        let later = Figures::read(&hierarchies, Path::new(path)).unwrap().0;
        assert!(used(&later) >= used(&figures) && later.ktime_ns >= figures.ktime_ns);
    }
}
