//! How the host and its containers are doing, read when somebody asks: `/proc`, `/sys` and cgroups -> [`Node`].

use crate::blocking;
use crate::clock;
use crate::recorder::{Counted, Error, Recorder};
use rewind_container_metrics::Figures as ContainerFigures;
use rewind_container_metrics::{Hierarchies, ReadError};
use rewind_host_metrics::stat::STATES;
use rewind_host_metrics::{Figures, Filesystems, Host, Roots, processes};
use rewind_recording::api::Listed;
use rewind_recording::api::node::{ContainerUse, Disk, Filesystem, Interface, Memory, Node, Pressure, Swap};
use rewind_recording::escape;
use rewind_recording::header::{Container, ContainerKind};
use rewind_recording::render::short_id;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it is waited for filesystems to say how full they are.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long containers are read: what is left then is told.
const WITHIN: Duration = Duration::from_secs(5);
/// Most sentences on what could not be read.
const MAX_UNREAD: usize = 100;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Usage {
    host: Mutex<Host>,
    filesystems: Arc<Filesystems>,
}

impl Usage {
    /// What is asked of a host.
    pub(crate) fn new(roots: Roots) -> Self {
        Self { host: Mutex::new(Host::new(roots.clone())), filesystems: Arc::new(Filesystems::new(roots)) }
    }

    /// How everything is now. Takes a while; filesystems are not looked at.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn node(&self, recorder: &Recorder) -> Result<Node, Error> {
        let list = recorder.list()?;
        let mut node = Node {
            at_unix_ns: clock::unix_ns().cast_unsigned(),
            now_ns: clock::now_ns(),
            name: list.host.name.clone(),
            ..Node::default()
        };
        let (figures, unread) = self.host.lock().unwrap_or_else(PoisonError::into_inner).read();
        node.unread.extend(unread.iter().map(ToString::to_string));
        fill(&mut node, &figures);
        let hierarchies = recorder.hierarchies();
        let counted: HashMap<u64, Counted> =
            recorder.counted()?.into_iter().map(|of| (of.header.recording, of)).collect();
        let (began, mut left) = (Instant::now(), 0_u32);
        for listed in list.recordings.iter().filter(|listed| listed.is_living()) {
            let mut its = known(listed, counted.get(&listed.recording), list.host.unix_offset_ns);
            if began.elapsed() < WITHIN {
                read(&hierarchies, listed, &mut its, &mut node.unread);
            } else {
                left += 1;
            }
            node.containers.push(its);
        }
        if left > 0 {
            node.unread.push(format!("{left} containers: reading the others took {} s", WITHIN.as_secs()));
        }
        Ok(node)
    }

    /// Looks at filesystems, which may not answer.
    pub(crate) async fn look(&self, node: &mut Node) {
        let filesystems = Arc::clone(&self.filesystems);
        match tokio::time::timeout(PATIENCE, blocking::run(move || filesystems.look())).await {
            Ok(Ok((usages, unread))) => {
                node.filesystems = usages.into_iter().map(filesystem).collect();
                node.unread.extend(unread.iter().map(ToString::to_string));
            }
            Ok(Err(error)) => node.unread.push(format!("filesystems: {error}")),
            Err(_) => {
                let waiting = self.filesystems.waiting().into_iter();
                node.unread.extend(waiting.map(|point| format!("{point}: it does not answer")));
            }
        }
        let more = node.unread.len().saturating_sub(MAX_UNREAD);
        if more > 0 {
            node.unread.truncate(MAX_UNREAD);
            node.unread.push(format!("and {more} more"));
        }
    }
}

fn fill(node: &mut Node, figures: &Figures) {
    node.boot_unix_ns = figures.boot_unix_s.map(|boot_unix_s| boot_unix_s.saturating_mul(1_000_000_000));
    node.cpus = u32::try_from(figures.cpus.len()).unwrap_or(u32::MAX);
    for cpu in &figures.cpus {
        for (state, s) in STATES.iter().zip(cpu.times_s) {
            *node.cpu_s.entry((*state).to_owned()).or_default() += s;
        }
    }
    node.load = figures.load;
    let memory = figures.memory.as_ref();
    node.memory = memory.map(|memory| Memory { total_bytes: memory.total, available_bytes: memory.available });
    let swap = figures.swaps.iter().fold(Swap::default(), |all, swap| Swap {
        total_bytes: all.total_bytes.saturating_add(swap.total),
        used_bytes: all.used_bytes.saturating_add(swap.used),
    });
    node.swap = (!figures.swaps.is_empty()).then_some(swap);
    node.disks.extend(figures.disks.iter().map(|disk| Disk {
        name: disk.name.as_str().into(),
        read_bytes: disk.sectors_read.saturating_mul(rewind_host_metrics::disks::SECTOR_BYTES),
        written_bytes: disk.sectors_written.saturating_mul(rewind_host_metrics::disks::SECTOR_BYTES),
    }));
    node.interfaces.extend(figures.interfaces.iter().map(|interface| {
        let [received_bytes, transmitted_bytes] = interface.bytes;
        Interface { name: interface.name.as_str().into(), received_bytes, transmitted_bytes }
    }));
    node.pressures = pressures(figures);
    let processes = processes::STATUSES.iter().zip(figures.processes.into_iter().flatten());
    node.processes = processes.map(|(status, count)| ((*status).to_owned(), count)).collect();
}

fn pressures(figures: &Figures) -> Vec<Pressure> {
    let mut found = Vec::<Pressure>::new();
    for told in &figures.pressures {
        let [of_ten_seconds, ..] = told.parts.map(Some);
        let (some, full) = if told.who == "full" { (None, of_ten_seconds) } else { (of_ten_seconds, None) };
        match found.last_mut().filter(|of| of.resource == told.resource) {
            Some(of) => (of.some, of.full) = (of.some.or(some), of.full.or(full)),
            None => found.push(Pressure { resource: told.resource.to_owned(), some, full }),
        }
    }
    found
}

fn filesystem(usage: rewind_host_metrics::filesystems::Usage) -> Filesystem {
    let total_bytes = usage.used.saturating_add(usage.free);
    Filesystem { mount: usage.mount.point.into(), used_bytes: usage.used, total_bytes }
}

/// What its recording tells of it.
fn known(listed: &Listed, counted: Option<&Counted>, unix_offset_ns: i64) -> ContainerUse {
    let pod = listed.container.pod.as_deref();
    let in_pod = pod.filter(|pod| !pod.container.is_empty() || pod.kind == ContainerKind::Sandbox);
    let Container { name, id, .. } = &listed.container;
    let name = || if name.is_empty() { short_id(id) } else { name.clone() };
    ContainerUse {
        recording: listed.recording,
        name: in_pod.map_or_else(name, |pod| pod.container.clone()),
        namespace: pod.map(|pod| pod.namespace.clone()).unwrap_or_default(),
        pod: pod.map(|pod| pod.name.clone()).unwrap_or_default(),
        kind: pod.map(|pod| pod.kind).unwrap_or_default(),
        started_unix_ns: listed.born_ns.saturating_add_signed(unix_offset_ns),
        calls: counted.map(|counted| counted.calls_and_errors().0),
        errors: counted.map(|counted| counted.calls_and_errors().1),
        failed_processes: counted.map(|counted| counted.failures),
        ..ContainerUse::default()
    }
}

/// What its cgroup tells of it.
fn read(hierarchies: &Hierarchies, listed: &Listed, its: &mut ContainerUse, unread: &mut Vec<String>) {
    let path = escape::bytes(listed.container.cgroup_path.as_str());
    let told = |what: &str| format!("{}: {what}", its.name);
    let (ContainerFigures { ktime_ns, cpu, memory, disks, pids, .. }, missing) =
        match ContainerFigures::read(hierarchies, Path::new(OsStr::from_bytes(&path))) {
            Ok(read) => read,
            // Its end is told by its recording.
            Err(ReadError::Gone) => return,
            Err(error) => return unread.push(told(&error.to_string())),
        };
    unread.extend(missing.iter().map(|missing| told(&missing.to_string())));
    let sum = |of: fn(&rewind_container_metrics::disks::Disk) -> Option<u64>| {
        Some(disks.as_ref()?.iter().filter_map(of).fold(0_u64, u64::saturating_add))
    };
    its.read_ns = Some(ktime_ns);
    its.cpu_ns = cpu.usage_ns;
    (its.periods, its.throttled_periods, its.throttled_ns) = (cpu.periods, cpu.throttled_periods, cpu.throttled_ns);
    (its.memory_bytes, its.memory_limit_bytes) = (memory.working_set(), memory.limit);
    (its.read_bytes, its.written_bytes) = (sum(|disk| disk.read_bytes), sum(|disk| disk.written_bytes));
    its.threads = pids.current;
    its.oom_kills = memory.events.get("oom_kill").copied();
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::header::Pod;
    use std::fs;

    fn listed(cgroup_path: &str, pod: Option<Pod>) -> Listed {
        let container = Container {
            name: "shop/web-1/app".into(),
            cgroup_path: cgroup_path.into(),
            pod: pod.map(Box::new),
            ..Container::default()
        };
        Listed { recording: 7, container, born_ns: 5, ..Listed::default() }
    }

    #[test]
    fn a_container_is_told_by_its_cgroup_and_its_pod() {
        let dir = tempfile::tempdir().unwrap();
        let cgroup = dir.path().join("a/b");
        fs::create_dir_all(&cgroup).unwrap();
        for (file, text) in [
            ("cpu.stat", "usage_usec 3\nnr_periods 9\nnr_throttled 4\nthrottled_usec 1\n"),
            ("memory.current", "100\n"),
            ("memory.max", "max\n"),
            ("memory.stat", "anon 1\ninactive_file 30\n"),
            ("memory.events", "oom 1\noom_kill 2\n"),
            ("io.stat", "8:0 rbytes=5 wbytes=1\n8:16 rbytes=6 wbytes=2\n"),
        ] {
            fs::write(cgroup.join(file), text).unwrap();
        }
        let pod = Pod {
            namespace: "shop".into(),
            name: "web-1".into(),
            container: "app".into(),
            kind: ContainerKind::App,
            ..Pod::default()
        };
        let (listed, hierarchies) = (listed("/a/b", Some(pod)), Hierarchies::default().with_unified(dir.path()));
        let (mut its, mut unread) = (known(&listed, None, 10), Vec::new());
        read(&hierarchies, &listed, &mut its, &mut unread);
        assert!(unread.is_empty() && its.read_ns.take().is_some(), "{unread:?}");
        let expected = ContainerUse {
            recording: 7,
            name: "app".into(),
            namespace: "shop".into(),
            pod: "web-1".into(),
            kind: ContainerKind::App,
            started_unix_ns: 15,
            cpu_ns: Some(3_000),
            periods: Some(9),
            throttled_periods: Some(4),
            throttled_ns: Some(1_000),
            memory_bytes: Some(70),
            read_bytes: Some(11),
            written_bytes: Some(3),
            oom_kills: Some(2),
            ..ContainerUse::default()
        };
        assert_eq!(its, expected);
    }

    #[test]
    fn one_that_is_gone_has_no_figures_and_one_that_leads_out_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let hierarchies = Hierarchies::default().with_unified(dir.path());
        for (path, sentences) in [("/gone", 0), ("/../x", 1)] {
            let (listed, mut unread) = (listed(path, None), Vec::new());
            let mut its = known(&listed, None, 0);
            read(&hierarchies, &listed, &mut its, &mut unread);
            assert_eq!((its, unread.len()), (known(&listed, None, 0), sentences), "{path}");
        }
    }

    fn usage() -> Usage {
        Usage::new(Roots::of(Path::new("/proc"), None))
    }

    #[test]
    fn the_host_is_told_as_far_as_it_can_be_read() {
        let (mut node, usage) = (Node::default(), usage());
        let figures = usage.host.lock().unwrap().read().0;
        fill(&mut node, &figures);
        assert!(node.cpus > 0 && node.cpu_s["idle"] > 0.0 && node.processes["sleeping"] > 0, "{node:?}");
        assert!(node.memory.is_some_and(|memory| memory.available_bytes <= Some(memory.total_bytes)));
        assert_eq!((node.swap.is_some(), node.cpu_s.len()), (!figures.swaps.is_empty(), STATES.len()));
    }

    #[test]
    fn both_parts_of_a_pressure_are_one() {
        let of = |resource, who, part| rewind_host_metrics::pressure::Pressure {
            resource,
            who,
            waited_s: 0.0,
            parts: [part, 0.0, 0.0],
        };
        let pressures = vec![of("cpu", "some", 0.5), of("io", "some", 0.25), of("io", "full", 0.0)];
        let found = super::pressures(&Figures { pressures, ..Figures::default() });
        let parts: Vec<_> = found.iter().map(|of| (of.resource.as_str(), of.some, of.full)).collect();
        assert_eq!(parts, [("cpu", Some(0.5), None), ("io", Some(0.25), Some(0.0))]);
    }

    #[test]
    fn what_could_not_be_read_is_told_in_a_bounded_number_of_sentences() {
        let mut node = Node { unread: vec!["x".to_owned(); MAX_UNREAD + 7], ..Node::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(usage().look(&mut node));
        assert_eq!(node.unread.len(), MAX_UNREAD + 1);
        assert!(node.unread.last().unwrap().starts_with("and "));
    }
}
