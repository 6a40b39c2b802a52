//! How the host is doing, under the host's own resource: no container's, and not the agent's.

use super::group::Group;
use super::resource::with_told;
use super::{Asked, Source, Told};
use crate::blocking;
use crate::export::Export;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_host_metrics::{Figures, Filesystems, Host, Identity, Roots, Unread};
use rewind_otlp::{attribute, metric};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long it is waited for filesystems to say how full they are.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most names under which it is counted what could not be read: mounts come and go.
const MAX_NAMES: usize = 64;

/// Looks at the host.
pub(crate) struct HostSource {
    export: Arc<Export>,
    roots: Roots,
    filesystems: Arc<Filesystems>,
    host: Option<Host>,
    identity: Option<Identity>,
}

impl HostSource {
    pub(crate) fn new(export: Arc<Export>) -> Self {
        let roots = export.host.clone();
        let filesystems = Arc::new(Filesystems::new(roots.clone()));
        Self { export, roots, filesystems, host: None, identity: None }
    }

    /// What the host says now; `None`: it could not be asked, which is a bug and logged.
    async fn figures(&mut self) -> Option<Figures> {
        let mut host = self.host.take().unwrap_or_else(|| Host::new(self.roots.clone()));
        let read = blocking::run(move || {
            let read = host.read();
            (host, read)
        });
        let (mut figures, unread) = match read.await {
            Ok((host, read)) => {
                self.host = Some(host);
                read
            }
            Err(error) => {
                tracing::error!(%error, "the host's figures could not be read");
                return None;
            }
        };
        self.export.unread().take(&unread);
        let looks = Arc::clone(&self.filesystems);
        match timeout(PATIENCE, blocking::run(move || looks.look())).await {
            Ok(Ok((usages, unread))) => {
                figures.filesystems = usages;
                self.export.unread().take(&unread);
            }
            Ok(Err(error)) => tracing::error!(%error, "filesystems could not be looked at"),
            Err(_) => {
                let of = |what| Unread { what, why: format!("it has not answered for {} s", PATIENCE.as_secs()) };
                self.export.unread().take(&self.filesystems.waiting().into_iter().map(of).collect::<Vec<_>>());
            }
        }
        Some(figures)
    }
}

impl Source for HostSource {
    const GROUP: Group = Group::Host;

    async fn read(&mut self, asked: &Asked) -> Told {
        let Some((figures, host)) = self.figures().await.zip(self.host.as_mut()) else { return Told::default() };
        let metrics = host.metrics(&figures, asked.now_unix_ns);
        let identity = self.identity.get_or_insert_with(|| Identity::read(&self.roots));
        let known = self.export.recorder().host();
        let attributes = identity.attributes(&known.name, &known.arch);
        let resource = resource(attributes, self.export.node(), &asked.attributes);
        Told { now: vec![metric::of_resource(resource, metrics)], ended: Vec::new() }
    }
}

/// The host by its own attributes, and what was told of it.
fn resource(mut attributes: Vec<KeyValue>, node: Option<&str>, told: &[(String, String)]) -> Resource {
    attributes.extend(node.map(|node| attribute("k8s.node.name", node)));
    attributes.push(attribute("telemetry.distro.name", "rewind"));
    attributes.push(attribute("telemetry.distro.version", env!("CARGO_PKG_VERSION")));
    with_told(attributes, told)
}

/// What of the host could not be read: how often, by its name.
#[derive(Debug, Default)]
pub(crate) struct Missing(Mutex<BTreeMap<String, u64>>);

impl Missing {
    /// Counts these, and logs each name once.
    pub(super) fn take(&self, unread: &[Unread]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Unread { what, why } in unread {
            let is_known = counts.contains_key(what);
            let name = if is_known || counts.len() < MAX_NAMES { what } else { "other" };
            *counts.entry(name.to_owned()).or_default() += 1;
            if !is_known && name == what {
                tracing::info!(what, why, "of the host's metrics, this is left out");
            }
        }
    }

    /// How often each could not be read.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_the_host_and_no_service_that_was_told() {
        let told = ["service.name=a", "k8s.pod.name=p", "k8s.cluster.name=lab", "host.name=b", "telemetry.sdk.name=c"];
        let told = told.map(|pair| pair.split_once('=').map(|(key, text)| (key.to_owned(), text.to_owned())).unwrap());
        let of = resource(vec![attribute("host.name", "node-1")], Some("node-1"), &told).attributes;
        let of: BTreeMap<_, _> = of.into_iter().map(|of| (of.key.clone(), of)).collect();
        let keys: Vec<_> = of.keys().map(String::as_str).collect();
        let distro = ["telemetry.distro.name", "telemetry.distro.version"];
        assert_eq!(keys, [&["host.name", "k8s.cluster.name", "k8s.node.name"][..], &distro].concat());
        assert_eq!(of["host.name"], attribute("host.name", "b"));
    }

    #[test]
    fn what_is_missing_is_counted_by_a_bounded_number_of_names() {
        let missing = Missing::default();
        let of = |what: &str| Unread { what: what.to_owned(), why: "gone".to_owned() };
        missing.take(&[of("pressure/cpu"), of("swaps")]);
        missing.take(&[of("pressure/cpu")]);
        assert_eq!(missing.counts(), [("pressure/cpu".to_owned(), 2), ("swaps".to_owned(), 1)].into());
        let many: Vec<_> = (0..100).map(|at| of(&format!("/mnt/{at}"))).collect();
        missing.take(&many);
        missing.take(&[of("swaps")]);
        let counts = missing.counts();
        assert_eq!((counts.len(), counts["other"], counts["swaps"]), (MAX_NAMES + 1, 38, 2));
    }
}
