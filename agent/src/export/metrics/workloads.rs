//! How the cluster's workloads are, each object under its own resource; where this host is a node of a cluster.

use super::group::Group;
use super::{Asked, Source, Told};
use crate::export::Export;
use std::sync::Arc;

/// Asks what was seen of them.
pub(crate) struct WorkloadSource {
    export: Arc<Export>,
}

impl WorkloadSource {
    pub(crate) const fn new(export: Arc<Export>) -> Self {
        Self { export }
    }
}

impl Source for WorkloadSource {
    const GROUP: Group = Group::Workloads;

    async fn read(&mut self, asked: &Asked) -> Told {
        // An agent that ends has left the Lease to others, and does not want it back.
        let is_draining = self.export.state.borrow().is_draining;
        self.export.wants_workloads.send_replace(!is_draining);
        let workloads = self.export.workloads.as_ref();
        let now = workloads.map(|workloads| workloads.metrics(asked.now_unix_ns, &asked.attributes));
        Told { now: now.unwrap_or_default(), ended: Vec::new() }
    }

    fn stopped(&mut self) {
        self.export.wants_workloads.send_replace(false);
    }
}
