//! Names of addresses in the cluster: `10.96.0.12:5432` is `db.shop:5432`, by its Services and what stands behind them.
//!
//! An address that is given up keeps its name for [`KEPT_NS`], unless another object takes it: a recording tells of
//! whom its container spoke to, which may be gone by now. Whether the name was that one's already when the container
//! called is not known: an address that goes from hand to hand within the time of one recording has its last name.

use crate::clock;
use crate::cluster::Cluster;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt as _};
use rewind_recording::escape::UntrustedString;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long an address that was given up keeps its name.
const KEPT_NS: u64 = 10 * 60 * 1_000_000_000;
/// Most addresses that have names: what comes later has none.
const MAX_NAMES: usize = 100_000;

/// Names of addresses.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    seen: Mutex<Seen>,
}

/// A kind of objects, and which of them: `namespace/name`.
type Key = (Kind, String);

/// Kinds of objects that name addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Service,
    Slice,
}

#[derive(Debug, Default)]
struct Seen {
    names: HashMap<SocketAddr, Named>,
    objects: HashMap<Key, Vec<SocketAddr>>,
    /// Addresses that were given up, the first first; some may have been taken again.
    gone: VecDeque<(SocketAddr, u64)>,
    /// The objects that lists under way have held so far.
    listed: HashMap<Kind, HashSet<String>>,
}

#[derive(Debug)]
struct Named {
    name: String,
    by: Key,
    gone_ns: Option<u64>,
}

impl Peers {
    /// Learns names for as long as the agent runs.
    pub(crate) async fn watch_services(&self, cluster: &Cluster) {
        let take = |event| self.take(Kind::Service, event, of_service);
        cluster.watch::<Service>("services", None, take).await;
    }

    /// As above, those of what stands behind services.
    pub(crate) async fn watch_slices(&self, cluster: &Cluster) {
        let take = |event| self.take(Kind::Slice, event, of_slice);
        cluster.watch::<EndpointSlice>("endpoints of services", None, take).await;
    }

    /// The names of those of these addresses (`10.96.0.12:5432`) that have one.
    #[must_use]
    pub(crate) fn named(&self, peers: BTreeSet<String>) -> BTreeMap<String, UntrustedString> {
        let seen = self.seen();
        let name = |peer: &str| {
            let address: SocketAddr = peer.parse().ok()?;
            seen.names.get(&canonical(address.ip(), address.port())).map(|named| named.name.as_str().into())
        };
        let named = peers.into_iter().map(|peer| (name(&peer), peer));
        named.filter_map(|(name, peer)| Some((peer, name?))).collect()
    }

    fn take<K: Resource>(&self, kind: Kind, event: Event<K>, names: fn(&K) -> Vec<(SocketAddr, String)>) {
        let now_ns = clock::now_ns();
        let key = |object: &K| format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
        let mut seen = self.seen();
        match event {
            Event::Init => drop(seen.listed.insert(kind, HashSet::new())),
            Event::InitApply(object) | Event::Apply(object) => seen.apply((kind, key(&object)), names(&object), now_ns),
            Event::Delete(object) => seen.give_up(&(kind, key(&object)), now_ns),
            Event::InitDone => seen.end_list(kind, now_ns),
        }
        seen.forget(now_ns);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn apply(&mut self, key: Key, names: Vec<(SocketAddr, String)>, now_ns: u64) {
        if let Some(listed) = self.listed.get_mut(&key.0) {
            listed.insert(key.1.clone());
        }
        let before = self.objects.insert(key.clone(), names.iter().map(|(address, _)| *address).collect());
        let taken: HashSet<SocketAddr> = names.iter().map(|(address, _)| *address).collect();
        let before = before.unwrap_or_default().into_iter();
        self.lose(&key, before.filter(|address| !taken.contains(address)), now_ns);
        for (address, name) in names {
            if self.names.len() < MAX_NAMES || self.names.contains_key(&address) {
                self.names.insert(address, Named { name, by: key.clone(), gone_ns: None });
            }
        }
    }

    /// An object has no addresses any more.
    fn give_up(&mut self, key: &Key, now_ns: u64) {
        let all = self.objects.remove(key).unwrap_or_default();
        self.lose(key, all.into_iter(), now_ns);
    }

    fn lose(&mut self, key: &Key, addresses: impl Iterator<Item = SocketAddr>, now_ns: u64) {
        for address in addresses {
            if let Some(named) = self.names.get_mut(&address).filter(|named| named.by == *key) {
                named.gone_ns = Some(now_ns);
                self.gone.push_back((address, now_ns));
            }
        }
    }

    fn end_list(&mut self, kind: Kind, now_ns: u64) {
        let Some(listed) = self.listed.remove(&kind) else { return };
        let is_missing = |key: &&Key| key.0 == kind && !listed.contains(&key.1);
        let missing: Vec<Key> = self.objects.keys().filter(is_missing).cloned().collect();
        missing.iter().for_each(|key| self.give_up(key, now_ns));
    }

    fn forget(&mut self, now_ns: u64) {
        while let Some((address, at_ns)) = self.gone.front().copied() {
            let is_gone = self.names.get(&address).is_some_and(|named| named.gone_ns == Some(at_ns));
            if is_gone && now_ns.saturating_sub(at_ns) < KEPT_NS {
                return;
            }
            self.gone.pop_front();
            if is_gone {
                self.names.remove(&address);
            }
        }
    }
}

/// An address as the kernel may have it in an IPv6 socket, too.
fn canonical(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip.to_canonical(), port)
}

/// The addresses of a Service: `db.shop:5432`.
fn of_service(service: &Service) -> Vec<(SocketAddr, String)> {
    let Some(spec) = &service.spec else { return Vec::new() };
    let one = spec.cluster_ip.iter().chain(spec.cluster_ips.iter().flatten());
    let outside = service.status.iter().filter_map(|status| status.load_balancer.as_ref());
    let outside = outside.filter_map(|balancer| balancer.ingress.as_ref()).flatten();
    let outside = outside.filter_map(|ingress| ingress.ip.as_ref());
    let all = one.chain(spec.external_ips.iter().flatten()).chain(outside);
    // A headless one has the word "None" there.
    let ips: BTreeSet<IpAddr> = all.filter_map(|ip| ip.parse().ok()).collect();
    let (name, namespace) = (service.name_any(), service.namespace().unwrap_or_default());
    let ports = spec.ports.iter().flatten().filter_map(|port| u16::try_from(port.port).ok());
    let at = |port| ips.iter().map(move |ip| canonical(*ip, port));
    ports
        .flat_map(|port| at(port).map(move |at| (at, port)))
        .map(|(at, port)| (at, format!("{name}.{namespace}:{port}")))
        .collect()
}

/// The addresses of what stands behind a Service: `db.shop:5432 (db-0)`.
fn of_slice(slice: &EndpointSlice) -> Vec<(SocketAddr, String)> {
    let Some(service) = slice.labels().get("kubernetes.io/service-name") else { return Vec::new() };
    let namespace = slice.namespace().unwrap_or_default();
    let ports: BTreeSet<u16> =
        slice.ports.iter().flatten().filter_map(|port| port.port.and_then(|port| u16::try_from(port).ok())).collect();
    let mut names = Vec::new();
    for endpoint in &slice.endpoints {
        let pod = endpoint.target_ref.as_ref().filter(|of| of.kind.as_deref() == Some("Pod"));
        let pod = pod.and_then(|of| of.name.as_ref()).map_or_else(String::new, |pod| format!(" ({pod})"));
        let ips = endpoint.addresses.iter().filter_map(|ip| ip.parse::<IpAddr>().ok());
        let at = ips.flat_map(|ip| ports.iter().map(move |port| canonical(ip, *port)));
        names.extend(at.map(|at| (at, format!("{service}.{namespace}:{}{pod}", at.port()))));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn service(name: &str, ip: &str, ports: &[u16]) -> Service {
        let ports: Vec<Value> = ports.iter().map(|port| json!({"port": port, "protocol": "TCP"})).collect();
        let service = json!({"metadata": {"name": name, "namespace": "shop"},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": ports},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}});
        serde_json::from_value(service).unwrap()
    }

    fn slice(name: &str, service: &str, pods: &[(&str, &str)]) -> EndpointSlice {
        let endpoints: Vec<Value> = pods
            .iter()
            .map(|(pod, ip)| json!({"addresses": [ip], "targetRef": {"kind": "Pod", "name": pod}}))
            .collect();
        let slice = json!({"metadata": {"name": name, "namespace": "shop",
            "labels": {"kubernetes.io/service-name": service}}, "addressType": "IPv4",
            "endpoints": endpoints, "ports": [{"port": 5432}, {"name": "any"}]});
        serde_json::from_value(slice).unwrap()
    }

    fn name(peers: &Peers, peer: &str) -> Option<String> {
        peers.named(BTreeSet::from([peer.to_owned()])).remove(peer).map(|name| name.to_string())
    }

    #[test]
    fn services_and_what_stands_behind_them_have_names() {
        let peers = Peers::default();
        peers.take(Kind::Service, Event::Apply(service("db", "10.96.0.12", &[5432, 80])), of_service);
        peers.take(Kind::Service, Event::Apply(service("bare", "None", &[80])), of_service);
        peers.take(Kind::Slice, Event::Apply(slice("db-x", "db", &[("db-0", "10.244.0.3")])), of_slice);
        for (peer, expected) in [
            ("10.96.0.12:5432", Some("db.shop:5432")),
            ("10.96.0.12:80", Some("db.shop:80")),
            ("[::ffff:10.96.0.12]:80", Some("db.shop:80")),
            ("10.96.0.12:81", None),
            ("203.0.113.7:5432", Some("db.shop:5432")),
            ("10.244.0.3:5432", Some("db.shop:5432 (db-0)")),
            ("/run/x.sock", None),
            ("", None),
        ] {
            assert_eq!(name(&peers, peer).as_deref(), expected, "{peer}");
        }
    }

    #[test]
    fn an_address_that_was_given_up_keeps_its_name_for_a_while_unless_another_takes_it() {
        let mut seen = Seen::default();
        let key = |name: &str| (Kind::Slice, name.to_owned());
        let at = |last: u8| canonical(IpAddr::from([10, 244, 0, last]), 80);
        let has = |seen: &Seen, last| seen.names.get(&at(last)).map(|named| named.name.clone());
        seen.apply(key("a"), vec![(at(1), "a1".into()), (at(2), "a2".into())], 1);
        seen.apply(key("a"), vec![(at(1), "a1".into())], 2);
        assert_eq!(has(&seen, 2).unwrap(), "a2");
        seen.apply(key("b"), vec![(at(2), "b2".into())], 3);
        seen.give_up(&key("a"), 4);
        seen.forget(KEPT_NS);
        assert_eq!((has(&seen, 1).unwrap(), has(&seen, 2).unwrap()), ("a1".into(), "b2".into()));
        seen.forget(KEPT_NS + 4);
        assert_eq!((has(&seen, 1), has(&seen, 2).unwrap()), (None, "b2".into()));
        assert!(seen.gone.is_empty());
    }

    #[test]
    fn a_new_list_gives_up_what_it_does_not_hold_of_its_own_kind() {
        let peers = Peers::default();
        let (db, web) = (service("db", "10.96.0.12", &[80]), service("web", "10.96.0.13", &[80]));
        peers.take(Kind::Slice, Event::Apply(slice("db-x", "db", &[("db-0", "10.244.0.3")])), of_slice);
        peers.take(Kind::Service, Event::Apply(db), of_service);
        peers.take(Kind::Service, Event::Init, of_service);
        peers.take(Kind::Service, Event::InitApply(web), of_service);
        peers.take(Kind::Service, Event::InitDone, of_service);
        let mut seen = peers.seen();
        seen.forget(clock::now_ns() + KEPT_NS);
        let mut names: Vec<_> = seen.names.values().map(|named| named.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["db.shop:5432 (db-0)", "web.shop:80", "web.shop:80"]);
    }
}
