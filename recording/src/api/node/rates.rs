//! What two moments of a host say a second. Pure.

use super::{ContainerUse, Node};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was used a second between two moments. A counter that is new, or went back, says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// How long that was.
    pub seconds: f64,
    /// Which part of all CPU time was spent in each state.
    pub cpu: BTreeMap<String, f64>,
    /// Bytes read from each block device and written to it.
    pub disks: BTreeMap<String, [f64; 2]>,
    /// Bytes that each network interface received and transmitted.
    pub interfaces: BTreeMap<String, [f64; 2]>,
    /// What each container used, by its recording.
    pub containers: BTreeMap<u64, Use>,
}

/// What a container used a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Use {
    /// CPUs.
    pub cpus: Option<f64>,
    /// In which part of the periods of its CPU limit that was met.
    pub throttled: Option<f64>,
    /// Bytes that were read from block devices.
    pub read_bytes: Option<f64>,
    /// Bytes that were written to them.
    pub written_bytes: Option<f64>,
    /// Calls.
    pub calls: Option<f64>,
    /// Calls that failed.
    pub errors: Option<f64>,
}

impl Rates {
    /// Which part of all CPU time was spent on something.
    #[must_use]
    pub fn busy(&self) -> Option<f64> {
        let idle = |(state, part): (&String, &f64)| ["idle", "wait"].contains(&state.as_str()).then_some(*part);
        let idle: f64 = self.cpu.iter().filter_map(idle).sum();
        (!self.cpu.is_empty()).then_some((1.0 - idle).clamp(0.0, 1.0))
    }
}

impl Use {
    /// Bytes that were read and written.
    #[must_use]
    pub fn io_bytes(&self) -> Option<f64> {
        let of = [self.read_bytes, self.written_bytes];
        of.iter().any(Option::is_some).then(|| of.iter().flatten().sum())
    }
}

/// What was used between these.
#[must_use]
pub fn rates(before: &Node, now: &Node) -> Rates {
    let passed_ns = now.now_ns.saturating_sub(before.now_ns);
    let is_same_host = (&before.name, before.now_ns < now.now_ns) == (&now.name, true);
    if !is_same_host {
        return Rates::default();
    }
    let known: BTreeMap<_, _> = before.containers.iter().map(|container| (container.recording, container)).collect();
    let containers = now.containers.iter();
    let containers = containers.filter_map(|its| Some((its.recording, used(known.get(&its.recording)?, its))));
    let disk = |node: &Node| -> Counters {
        node.disks.iter().map(|disk| (disk.name.as_str().to_owned(), [disk.read_bytes, disk.written_bytes])).collect()
    };
    let interface = |node: &Node| -> Counters {
        let of = node.interfaces.iter();
        of.map(|of| (of.name.as_str().to_owned(), [of.received_bytes, of.transmitted_bytes])).collect()
    };
    Rates {
        seconds: passed_ns as f64 / 1e9,
        cpu: parts(&before.cpu_s, &now.cpu_s),
        disks: both_ways(&disk(before), &disk(now), passed_ns),
        interfaces: both_ways(&interface(before), &interface(now), passed_ns),
        containers: containers.collect(),
    }
}

type Counters = BTreeMap<String, [u64; 2]>;

fn both_ways(before: &Counters, now: &Counters, passed_ns: u64) -> BTreeMap<String, [f64; 2]> {
    let of = |(name, [in_now, out_now]): (&String, &[u64; 2])| {
        let [in_before, out_before] = *before.get(name)?;
        let rate = |before, now| per_second(Some(before), Some(now), passed_ns);
        Some((name.clone(), [rate(in_before, *in_now)?, rate(out_before, *out_now)?]))
    };
    now.iter().filter_map(of).collect()
}

/// Which part of the time was spent in each state. The kernel's `idle` and `wait` may go back by a little: by nothing.
fn parts(before: &BTreeMap<String, f64>, now: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let spent = |(state, now): (&String, &f64)| Some((state.clone(), (now - before.get(state)?).max(0.0)));
    let spent: BTreeMap<_, _> = now.iter().filter_map(spent).collect();
    let whole: f64 = spent.values().sum();
    if whole.is_finite() && whole > 0.0 {
        spent.into_iter().map(|(state, s)| (state, s / whole)).collect()
    } else {
        BTreeMap::new()
    }
}

fn used(before: &ContainerUse, now: &ContainerUse) -> Use {
    // Of its own moments: containers are read one after the other.
    let Some(passed_ns) = now.read_ns.zip(before.read_ns).map(|(now, before)| now.saturating_sub(before)) else {
        return Use::default();
    };
    let rate = |of: fn(&ContainerUse) -> Option<u64>| per_second(of(before), of(now), passed_ns);
    let periods = rate(|of| of.periods).filter(|periods| *periods > 0.0);
    Use {
        cpus: rate(|of| of.cpu_ns).map(|ns| ns / 1e9),
        throttled: rate(|of| of.throttled_periods).zip(periods).map(|(met, all)| (met / all).min(1.0)),
        read_bytes: rate(|of| of.read_bytes),
        written_bytes: rate(|of| of.written_bytes),
        calls: rate(|of| of.calls),
        errors: rate(|of| of.errors),
    }
}

fn per_second(before: Option<u64>, now: Option<u64>, passed_ns: u64) -> Option<f64> {
    let by = now?.checked_sub(before?)?;
    (passed_ns > 0).then(|| by as f64 * 1e9 / passed_ns as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::node::{Disk, Interface};

    const S: u64 = 1_000_000_000;

    fn node(now_ns: u64, containers: Vec<ContainerUse>) -> Node {
        Node { name: "n1".to_owned(), now_ns, containers, ..Node::default() }
    }

    fn container(read_ns: u64, cpu_ns: u64) -> ContainerUse {
        let (read_ns, cpu_ns) = (Some(read_ns), Some(cpu_ns));
        ContainerUse { recording: 7, read_ns, cpu_ns, ..ContainerUse::default() }
    }

    #[test]
    fn a_container_is_reckoned_by_when_it_was_read_itself() {
        let mut before = container(10 * S, S);
        let mut now = container(14 * S, 3 * S);
        (before.calls, now.calls) = (Some(100), Some(500));
        (before.periods, now.periods) = (Some(10), Some(50));
        (before.throttled_periods, now.throttled_periods) = (Some(0), Some(10));
        (before.read_bytes, now.read_bytes) = (Some(0), Some(4_096));
        let found = rates(&node(10 * S, vec![before]), &node(12 * S, vec![now])).containers[&7];
        let used = Use {
            cpus: Some(0.5),
            throttled: Some(0.25),
            read_bytes: Some(1_024.0),
            calls: Some(100.0),
            ..Use::default()
        };
        assert_eq!((found, found.io_bytes(), Use::default().io_bytes()), (used, Some(1_024.0), None));
    }

    #[test]
    fn what_is_new_or_went_back_or_was_not_read_has_no_rate() {
        let of = |before: Vec<_>, now: Vec<_>| rates(&node(S, before), &node(2 * S, now)).containers;
        assert_eq!(of(vec![], vec![container(2 * S, 5)]), [].into());
        assert_eq!(of(vec![container(S, 9)], vec![container(2 * S, 5)]), [(7, Use::default())].into());
        let unread = ContainerUse { read_ns: None, ..container(S, 1) };
        assert_eq!(of(vec![unread], vec![container(2 * S, 5)]), [(7, Use::default())].into());
        let at_once = container(S, 5);
        assert_eq!(of(vec![at_once.clone()], vec![at_once]), [(7, Use::default())].into());
    }

    #[test]
    fn a_hosts_devices_have_rates_both_ways_and_new_ones_have_none() {
        let disk = |name: &str, read_bytes, written_bytes| Disk { name: name.into(), read_bytes, written_bytes };
        let interface = Interface { name: "eth0".into(), received_bytes: 10, transmitted_bytes: 30 };
        let before = Node { disks: vec![disk("vda", 0, 100)], interfaces: vec![interface.clone()], ..node(S, vec![]) };
        let disks = vec![disk("vda", 4_000, 300), disk("vdb", 9, 9)];
        let later = Interface { transmitted_bytes: 20, ..interface };
        let found = rates(&before, &Node { disks, interfaces: vec![later], ..node(3 * S, vec![]) });
        assert_eq!((found.seconds, found.disks), (2.0, [("vda".to_owned(), [2_000.0, 100.0])].into()));
        assert_eq!(found.interfaces, [].into(), "one way went back");
    }

    #[test]
    fn cpu_time_is_told_by_its_parts_and_what_is_not_idle_is_busy() {
        let times = |user: f64, idle: f64, wait: f64| -> BTreeMap<_, _> {
            [("user", user), ("idle", idle), ("wait", wait)].map(|(state, s)| (state.to_owned(), s)).into()
        };
        let of = |before, now| {
            rates(&Node { cpu_s: before, ..node(S, vec![]) }, &Node { cpu_s: now, ..node(2 * S, vec![]) })
        };
        let found = of(times(1.0, 5.0, 2.0), times(2.0, 7.5, 2.5));
        assert_eq!((found.busy(), found.cpu), (Some(0.25), times(0.25, 0.625, 0.125)));
        assert_eq!(of(times(1.0, 5.0, 2.0), times(2.0, 6.0, 1.0)).busy(), Some(0.5), "a wait that goes back is none");
        assert_eq!(of(times(1.0, 1.0, 1.0), times(1.0, 1.0, 1.0)).busy(), None);
    }

    #[test]
    fn moments_of_two_hosts_or_in_the_wrong_order_say_nothing() {
        let of = |name: &str, now_ns| Node { name: name.to_owned(), ..node(now_ns, vec![container(now_ns, now_ns)]) };
        assert_eq!(rates(&of("n1", S), &of("n2", 2 * S)), Rates::default());
        assert_eq!(rates(&of("n1", 2 * S), &of("n1", S)), Rates::default());
    }
}
