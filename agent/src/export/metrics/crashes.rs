//! Containers that failed, by what the diagnosis says of each.
//!
//! A run has a resource of its own and is counted once, so that no rate could be told of it. These are counted over the
//! runs of a container: under its pod and its name, without the run.

use super::{Asked, Told};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_otlp::metric::{self, Points, sum};
use rewind_recording::header::Header;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most containers of which this is known; the one that failed first is forgotten first.
const MAX_CONTAINERS: usize = 1024;
/// Attributes of a run.
const OF_RUN: [&str; 4] =
    ["container.id", "k8s.container.restart_count", "container.image.repo_digests", "container.runtime.name"];

/// Of all containers.
#[derive(Debug, Default)]
pub(crate) struct Crashes(Mutex<VecDeque<Failed>>);

/// One container.
#[derive(Debug)]
struct Failed {
    attributes: Vec<KeyValue>,
    by_class: BTreeMap<String, u64>,
    began_unix_ns: u64,
}

impl Crashes {
    /// A container has ended.
    pub(crate) fn take(&self, header: &Header, records: &[u8], now_unix_ns: u64) {
        if header.ending.as_ref().is_none_or(|ending| ending.is_success()) {
            return;
        }
        let class = rewind_diagnosis::cause_class(header, records);
        let mut attributes = rewind_otlp::resource(header).attributes;
        attributes.retain(|attribute| !OF_RUN.contains(&attribute.key.as_str()));
        let mut held = self.held();
        if let Some(known) = held.iter_mut().find(|known| known.attributes == attributes) {
            *known.by_class.entry(class.to_owned()).or_default() += 1;
            return;
        }
        let by_class = [(class.to_owned(), 1)].into();
        held.push_back(Failed { attributes, by_class, began_unix_ns: now_unix_ns });
        if held.len() > MAX_CONTAINERS {
            held.pop_front();
        }
    }

    /// All of them.
    pub(super) fn told(&self, asked: &Asked) -> Told {
        let part = |failed: &Failed| {
            let points = Points { began_unix_ns: failed.began_unix_ns, now_unix_ns: asked.now_unix_ns };
            let of = failed.by_class.iter();
            let of = of.map(|(class, count)| points.of(*count, &[("rewind.cause.class", class)])).collect();
            let metric = sum("rewind.container.crashes", "{container}", "Runs that failed, by cause", of);
            let resource = Resource { attributes: failed.attributes.clone(), ..Resource::default() };
            metric::of_resource(resource, vec![metric])
        };
        Told { now: self.held().iter().map(part).collect(), ended: Vec::new() }
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Failed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
