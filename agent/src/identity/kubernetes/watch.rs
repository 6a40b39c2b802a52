//! The API -> what is known of this node's pods.

use super::facts::PodFacts;
use super::pods::Pods;
use crate::clock;
use crate::cluster::Cluster;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::Event;

/// Tells `pods` what happens to the pods of this node, for as long as the agent runs. While the API is away nothing is
/// forgotten.
pub(crate) async fn run(cluster: &Cluster, pods: &Pods) {
    let of_node = format!("spec.nodeName={}", cluster.node());
    cluster.watch("pods of this node", Some(&of_node), |event| take(pods, event)).await;
}

fn take(pods: &Pods, event: Event<Pod>) {
    let now_ns = clock::now_ns();
    match event {
        Event::Init => pods.begin_list(),
        Event::InitApply(pod) | Event::Apply(pod) => {
            if let Some(facts) = PodFacts::of(&pod) {
                pods.apply(facts, now_ns);
            }
        }
        Event::InitDone => pods.end_list(now_ns),
        Event::Delete(pod) => {
            if let Some(facts) = PodFacts::of(&pod) {
                pods.delete(facts, now_ns);
            }
        }
    }
}
