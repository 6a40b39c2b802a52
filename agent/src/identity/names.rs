//! Names: what the path does not tell is asked of a list of sources, in order.
//!
//! Everything here is optional. A source that has no answer says so by `None`, whatever the cause:
//! a runtime that is not on this host, a file that is gone, too long or not what was expected. A
//! container without a name keeps its id.
//!
//! Sources that read files are asked in order, and the first that knows the container is believed. Those that complete
//! are asked afterwards, and again later: what they tell goes before what a file told, but what they do not know stays.
//!
//! To add a source, implement [`Source`] and put it into one of the lists of [`Sources::of_host`], before those that
//! know less.

use super::kubernetes::Pods;
use super::runtimes;
use super::source::{Known, Source};
use rewind_recording::header::Container;
use std::path::Path;
use std::sync::Arc;

/// Sources in the order in which they are asked.
pub(crate) struct Sources {
    list: Vec<Box<dyn Source>>,
    completing: Vec<Box<dyn Source>>,
}

impl Sources {
    /// All of a host, whose root is mounted at `root`, and which may be a node with these pods.
    #[must_use]
    pub(crate) fn of_host(root: &Path, pods: Option<Arc<Pods>>) -> Self {
        Self {
            list: vec![
                Box::new(runtimes::ContainerdBundles::below(root)),
                Box::new(runtimes::Docker::below(root)),
                Box::new(runtimes::CriOBundles::below(root)),
                Box::new(runtimes::Podman::below(root)),
                Box::new(runtimes::Runc::below(root)),
            ],
            completing: pods.into_iter().map(|pods| -> Box<dyn Source> { Box::new(pods) }).collect(),
        }
    }

    /// These alone.
    #[cfg(test)]
    pub(crate) fn of(list: Vec<Box<dyn Source>>) -> Self {
        Self { list, completing: Vec::new() }
    }

    /// What the first source that knows the container says.
    #[must_use]
    pub(crate) fn known(&self, container: &Container) -> Option<Known> {
        self.list.iter().find_map(|source| source.known(container))
    }

    /// Fills in what is known; as [`Sources::complete`].
    pub(crate) fn fill(&self, container: &mut Container) -> bool {
        if let Some(known) = self.known(container) {
            take(container, known);
        }
        self.complete(container)
    }

    /// Fills in what those know that read no files; whether nothing is left to be known.
    pub(crate) fn complete(&self, container: &mut Container) -> bool {
        let mut is_all = self.completing.is_empty();
        for source in &self.completing {
            if let Some(known) = source.known(container) {
                is_all |= known.is_all;
                take(container, known);
            }
        }
        let is_of_pod = container.pod.is_some() || !container.pod_uid.is_empty();
        !container.name.is_empty() && (is_all || !is_of_pod)
    }
}

fn take(container: &mut Container, known: Known) {
    if !known.name.is_empty() {
        container.name = known.name.into();
    }
    if let Some(runtime) = known.runtime {
        container.runtime = runtime.into();
    }
    if let Some(uid) = known.pod_uid.filter(|_| container.pod_uid.is_empty()) {
        container.pod_uid = uid.into();
    }
    if let Some(pod) = known.pod {
        container.pod.get_or_insert_default().complete(pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::kubernetes::facts::PodFacts;
    use rewind_recording::header::{ContainerKind, Pod};
    use serde_json::{Value, json};

    struct Fixed(&'static str);

    impl Source for Fixed {
        fn known(&self, _: &Container) -> Option<Known> {
            (!self.0.is_empty()).then(|| Known { name: self.0.to_owned(), ..Known::default() })
        }
    }

    #[test]
    fn the_first_source_that_knows_is_believed() {
        let of = |names: &[&'static str]| {
            Sources::of(names.iter().map(|name| -> Box<dyn Source> { Box::new(Fixed(name)) }).collect())
        };
        assert_eq!(of(&[]).known(&Container::default()), None);
        assert_eq!(of(&["", "old"]).known(&Container::default()).map(|known| known.name), Some("old".to_owned()));
        let mut container = Container { name: "path".into(), ..Container::default() };
        assert!(of(&["new", "", "old"]).fill(&mut container));
        assert_eq!(container.name, "new");
    }

    #[test]
    fn a_name_that_the_path_gave_stays_when_no_source_knows() {
        let mut container = Container { name: "machine".into(), runtime: "systemd".into(), ..Container::default() };
        Sources::of_host(Path::new("/nonexistent"), None).fill(&mut container);
        assert_eq!((container.name.as_str(), container.runtime.as_str()), ("machine", "systemd"));
    }

    /// A container of a pod, as a runtime's file told of it.
    fn young() -> Container {
        let mut container = Container { id: "c1".into(), pod_uid: "u1".into(), ..Container::default() };
        let pod = Pod { namespace: "shop".into(), name: "web-1".into(), container: "app".into(), ..Pod::default() };
        take(&mut container, Known::of_pod(pod));
        container
    }

    fn with(pods: &Arc<Pods>) -> Sources {
        Sources { list: Vec::new(), completing: vec![Box::new(Arc::clone(pods))] }
    }

    fn status(pods: &Pods, status: Value) {
        let pod = json!({
            "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "labels": {"app": "web"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:2"}]},
            "status": {"qosClass": "Burstable", "containerStatuses": status},
        });
        pods.apply(PodFacts::of(&serde_json::from_value(pod).unwrap()).unwrap(), 1);
    }

    #[test]
    fn what_a_file_told_is_completed_as_the_api_learns_it() {
        let pods = Arc::new(Pods::default());
        let sources = with(&pods);
        let mut container = young();
        assert!(!sources.complete(&mut container));
        assert_eq!(container, young());
        status(&pods, json!([]));
        assert!(!sources.complete(&mut container), "its run is not known yet");
        let pod = container.pod.clone().unwrap();
        assert_eq!((container.name.as_str(), pod.image.as_str(), pod.restart), ("shop/web-1/app", "web:2", None));
        assert_eq!(pod.service.instance_id, "shop.web-1.app");
        status(
            &pods,
            json!([{"name": "app", "containerID": "x://c1", "restartCount": 2, "image": "web:2",
            "imageID": "web@sha256:ab", "ready": true}]),
        );
        assert!(sources.complete(&mut container));
        let pod = container.pod.clone().unwrap();
        assert_eq!((pod.image_id.as_str(), pod.restart, pod.qos.as_str()), ("web@sha256:ab", Some(2), "Burstable"));
        status(&pods, json!([]));
        let before = container.clone();
        let _ = sources.complete(&mut container);
        assert_eq!(container, before, "what is not told any more stays");
    }

    #[test]
    fn a_pause_container_has_its_pods_name_and_no_run_to_wait_for() {
        let pods = Arc::new(Pods::default());
        status(&pods, json!([]));
        let mut container = Container { id: "p1".into(), pod_uid: "u1".into(), ..Container::default() };
        let pod =
            Pod { namespace: "shop".into(), name: "web-1".into(), kind: ContainerKind::Sandbox, ..Pod::default() };
        take(&mut container, Known::of_pod(pod));
        assert!(with(&pods).complete(&mut container));
        assert_eq!(container.name, "shop/web-1");
        assert_eq!(container.pod.unwrap().kind, ContainerKind::Sandbox);
    }

    #[test]
    fn without_files_the_api_alone_tells() {
        let pods = Arc::new(Pods::default());
        let mut container = Container { id: "c1".into(), pod_uid: "u1".into(), ..Container::default() };
        assert!(!with(&pods).fill(&mut container));
        assert!(container.name.is_empty());
        status(
            &pods,
            json!([{"name": "app", "containerID": "x://c1", "restartCount": 0, "image": "", "imageID": "",
            "ready": true}]),
        );
        assert!(with(&pods).fill(&mut container));
        assert_eq!(container.name, "shop/web-1/app");
    }

    #[test]
    fn what_is_of_no_pod_is_not_waited_for() {
        let pods = Arc::new(Pods::default());
        let mut container = Container { name: "web".into(), runtime: "docker".into(), ..Container::default() };
        assert!(with(&pods).complete(&mut container));
        assert!(!with(&pods).complete(&mut Container::default()), "a name may come");
    }
}
