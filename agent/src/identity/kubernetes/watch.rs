//! The API -> what is known of this node's pods.

use super::facts::PodFacts;
use super::pods::Pods;
use crate::clock;
use crate::cluster::Cluster;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::Event;

/// Tells `pods` what happens to the pods of this node, for as long as the agent runs, and `also` who else wants to know:
/// there is one watch of a kind. While the API is away nothing is forgotten.
pub(crate) async fn run(cluster: &Cluster, pods: &Pods, also: impl Fn(&Event<Pod>)) {
    let of_node = format!("spec.nodeName={}", cluster.node());
    let take = |event| {
        also(&event);
        take(pods, event);
    };
    cluster.watch("pods of this node", Some(&of_node), take).await;
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
