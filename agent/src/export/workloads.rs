//! How the cluster's workloads are, as OTLP metrics: each object's under its own resource.

use crate::clock;
use crate::export::lane::deliver;
use crate::export::{Export, State};
use opentelemetry_proto::tonic::metrics::v1::MetricsData;
use rewind_exporter::Signal;
use rewind_otlp::metric;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

/// Most resources of a message: below the 4 MiB that a Collector takes at once.
const MESSAGE_RESOURCES: usize = 500;

/// Sends them, for ever, where this host is a node of a cluster.
pub(crate) async fn run(export: Arc<Export>) {
    let Some(workloads) = export.workloads.clone() else { return };
    let mut state = export.state();
    let wanted =
        |state: &State| state.exporter(Signal::Metrics).is_some() && state.host_metrics.is_on && !state.is_draining;
    while state.wait_for(wanted).await.is_ok() {
        export.wants_workloads.send_replace(true);
        while wanted(&state.borrow()) {
            let (began, settings) = (Instant::now(), state.borrow().clone());
            let now_unix_ns = clock::unix_ns().cast_unsigned();
            let all = workloads.metrics(now_unix_ns, &settings.variables.resource_attributes());
            for resource_metrics in all.chunks(MESSAGE_RESOURCES).map(<[_]>::to_vec) {
                let count = resource_metrics.iter().map(metric::points).sum();
                deliver(&export, &mut state, MetricsData { resource_metrics }, count).await;
            }
            tokio::select! {
                () = sleep_until(began + settings.host_metrics.interval) => {}
                _ = state.wait_for(|state| !wanted(state)) => {}
            }
        }
        export.wants_workloads.send_replace(false);
    }
}
