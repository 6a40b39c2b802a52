//! Containers that failed, by what the diagnosis says of each.
//!
//! A run has a resource of its own and is counted once, so that no rate could be told of it. These are counted over the
//! runs of a container: under its pod and its name, without the run.

use super::resource::with_told;
use super::{Asked, Told};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rewind_otlp::metric::{self, Points, sum};
use rewind_recording::header::Header;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most containers of which this is known; the one that failed first is forgotten first.
const MAX_CONTAINERS: usize = 1024;
/// Attributes of a run.
const OF_RUN: [&str; 4] =
    ["container.id", "k8s.container.restart_count", "container.image.repo_digests", "container.runtime.name"];

/// Most ends that are remembered: one whose file could not be written is told of again until it is.
const MAX_ENDS: usize = 1024;

/// Of all containers.
#[derive(Debug, Default)]
pub(crate) struct Crashes(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    failed: VecDeque<Failed>,
    /// Recordings, and when they ended.
    counted: VecDeque<(u64, Option<u64>)>,
    /// Containers that were forgotten.
    forgotten: u64,
}

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
        let end = (header.recording, header.died_ns);
        if self.held().is_counted(end) {
            return;
        }
        let diagnosed = header.diagnosed.as_ref();
        let class = diagnosed.map_or_else(
            || rewind_diagnosis::diagnosed(header, records).class.as_str().to_owned(),
            |diagnosed| diagnosed.class.as_str().to_owned(),
        );
        let mut attributes = rewind_otlp::resource(header).attributes;
        attributes.retain(|attribute| !OF_RUN.contains(&attribute.key.as_str()));
        let mut held = self.held();
        if let Some(known) = held.failed.iter_mut().find(|known| known.attributes == attributes) {
            *known.by_class.entry(class).or_default() += 1;
            return;
        }
        let by_class = [(class, 1)].into();
        held.failed.push_back(Failed { attributes, by_class, began_unix_ns: now_unix_ns });
        if held.failed.len() > MAX_CONTAINERS {
            held.failed.pop_front();
            held.forgotten += 1;
        }
    }

    /// Containers that were forgotten, with what was counted of them.
    pub(super) fn forgotten(&self) -> u64 {
        self.held().forgotten
    }

    /// All of them.
    pub(super) fn told(&self, asked: &Asked) -> Told {
        let part = |failed: &Failed| {
            let points = Points { began_unix_ns: failed.began_unix_ns, now_unix_ns: asked.now_unix_ns };
            let of = failed.by_class.iter();
            let of = of.map(|(class, count)| points.of(*count, &[("rewind.cause.class", class)])).collect();
            let metric = sum("rewind.container.crashes", "{container}", "Runs that failed, by cause", of);
            metric::of_resource(with_told(failed.attributes.clone(), &asked.attributes), vec![metric])
        };
        Told { now: self.held().failed.iter().map(part).collect(), ended: Vec::new() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Whether an end was counted before; it is now.
    fn is_counted(&mut self, end: (u64, Option<u64>)) -> bool {
        if self.counted.contains(&end) {
            return true;
        }
        self.counted.push_back(end);
        if self.counted.len() > MAX_ENDS {
            self.counted.pop_front();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::ending::Ending;

    #[test]
    fn an_end_that_is_told_of_again_is_counted_once_and_the_next_run_too() {
        let crashes = Crashes::default();
        let ended = |recording, died_ns, exit_code| {
            let ending = Some(Ending { exit_code: Some(exit_code), ..Ending::default() });
            let header = Header { recording, died_ns: Some(died_ns), ending, ..Header::default() };
            crashes.take(&header, &[], 5);
        };
        ended(1, 10, 1);
        ended(1, 10, 1);
        ended(2, 20, 1);
        ended(3, 30, 0);
        let told = [("k8s.cluster.name".to_owned(), "lab".to_owned())].to_vec();
        let told = crashes.told(&Asked { now_unix_ns: 9, attributes: told });
        let [part] = &told.now[..] else { panic!("{told:?}") };
        assert!(format!("{part:?}").contains("AsInt(2)"), "{part:?}");
        assert!(part.resource.iter().any(|of| of.attributes.iter().any(|of| of.key == "k8s.cluster.name")), "{part:?}");
    }
}
