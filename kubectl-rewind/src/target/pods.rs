//! Which pods of a cluster are meant, living or gone, and which of their containers.

use super::TargetError;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use rewind_resources::recording::Recording;

/// The container that kubectl takes if none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Which run of a container is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Run {
    /// The living one, else the last to end.
    #[default]
    Newest,
    /// The one before.
    Previous,
    /// That of the container with this id.
    OfContainer(String),
}

/// What a `Recording` tells of a run whose bytes may be out of reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// How it ended: `exited (1)`.
    pub ending: String,
    /// Why, in a sentence; may be empty.
    pub cause: String,
    /// Where its crash file was sent to.
    pub url: Option<String>,
}

impl Told {
    /// In a sentence: what is known without the bytes, and where those may be.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        let Self { ending, cause, url } = self;
        let cause = if cause.is_empty() { String::new() } else { format!(": {cause}") };
        let url = url
            .as_ref()
            .map_or_else(String::new, |url| format!("; its crash file was sent away, read it with --from {url}"));
        format!("its Recording says that it {ending}{cause}{url}")
    }
}

/// One pod whose recordings are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meant {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The node that it runs, or ran, on.
    pub node: String,
    /// Its containers, the default one first. Of a pod that is gone those with a `Recording`.
    pub containers: Vec<String>,
    /// The one that is meant; `None`: each of them.
    pub container: Option<String>,
    /// Whether one of its containers runs.
    pub runs: bool,
    /// Which run.
    pub run: Run,
    /// What its `Recording` tells, if it is gone.
    pub told: Option<Told>,
}

impl Meant {
    /// A pod as the API server has it; `None`: it is on no node yet.
    #[must_use]
    pub(crate) fn of_pod(pod: &Pod) -> Option<Self> {
        let spec = pod.spec.as_ref()?;
        let node = spec.node_name.clone().filter(|node| !node.is_empty())?;
        let mut containers: Vec<_> = spec.containers.iter().map(|container| container.name.clone()).collect();
        let annotated = pod.metadata.annotations.as_ref().and_then(|all| all.get(DEFAULT_CONTAINER));
        if let Some(at) = annotated.and_then(|name| containers.iter().position(|container| container == name)) {
            containers[..=at].rotate_right(1);
        }
        containers.extend(spec.init_containers.iter().flatten().map(|container| container.name.clone()));
        containers.extend(spec.ephemeral_containers.iter().flatten().map(|container| container.name.clone()));
        let ObjectMeta { namespace, name, uid, .. } = pod.metadata.clone();
        let [namespace, name, uid] = [namespace, name, uid].map(Option::unwrap_or_default);
        let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
        let runs =
            statuses.into_iter().flatten().any(|status| status.state.as_ref().is_some_and(|now| now.running.is_some()));
        Some(Self { namespace, name, uid, node, containers, runs, ..Self::default() })
    }

    /// The pod of a `Recording`.
    #[must_use]
    pub(crate) fn of_recording(recording: &Recording) -> Self {
        let spec = &recording.spec;
        let told = Told { ending: spec.ending.clone(), cause: spec.cause.clone(), url: spec.url.clone() };
        Self {
            namespace: recording.metadata.namespace.clone().unwrap_or_default(),
            name: spec.pod.clone(),
            uid: spec.pod_uid.clone(),
            node: spec.node.clone(),
            containers: vec![spec.container.clone()],
            told: Some(told),
            ..Self::default()
        }
    }

    /// That very run of a `Recording`.
    #[must_use]
    pub(crate) fn of_run(recording: &Recording) -> Self {
        let container = Some(recording.spec.container.clone()).filter(|name| !name.is_empty());
        let run = Run::OfContainer(recording.spec.container_id.clone());
        Self { container, run, ..Self::of_recording(recording) }
    }

    /// The pod alone, or with its container: `web-7d4b9/app`.
    #[must_use]
    pub(crate) fn label(&self) -> String {
        match &self.container {
            Some(container) => format!("{}/{container}", self.name),
            None => self.name.clone(),
        }
    }

    /// Chooses the container: the one that was named, else the default one; a sentence, in kubectl's words, where
    /// others could have been meant.
    ///
    /// # Errors
    /// [`TargetError::NoContainer`].
    pub(crate) fn choose(&mut self, named: Option<&str>) -> Result<Option<String>, TargetError> {
        if self.container.is_some() && named.is_none() {
            return Ok(None);
        }
        let Some(named) = named else {
            self.container = self.containers.first().cloned();
            let is_question = self.told.is_none() && self.containers.len() > 1;
            let first = self.container.clone().unwrap_or_default();
            let all = self.containers.join(", ");
            return Ok(is_question.then(|| format!("Defaulted container {first:?} out of: {all}")));
        };
        // Of a pod that is gone, containers may be held that no Recording tells of.
        if self.told.is_none() && !self.containers.iter().any(|name| name == named) {
            let (container, pod, names) = (named.to_owned(), self.name.clone(), self.containers.clone());
            return Err(TargetError::NoContainer { container, pod, names });
        }
        self.container = Some(named.to_owned());
        Ok(None)
    }
}

/// Whether one of these, by UID, is the controller of an object.
#[must_use]
pub(crate) fn is_owned(metadata: &ObjectMeta, owners: &[String]) -> bool {
    let references = metadata.owner_references.iter().flatten();
    references.filter(|owner| owner.controller == Some(true)).any(|owner| owners.contains(&owner.uid))
}

/// Of pods that are gone the one that ended last, by the `Recording`s that pass `is_meant`.
#[must_use]
pub(crate) fn last_gone(recordings: &[Recording], is_meant: impl Fn(&Recording) -> bool) -> Option<Meant> {
    let meant: Vec<_> = recordings.iter().filter(|recording| is_meant(recording)).collect();
    let last = meant.iter().copied().max_by_key(|recording| ended(recording))?;
    let mut gone = Meant::of_recording(last);
    for other in meant.into_iter().filter(|other| other.spec.pod_uid == gone.uid) {
        if !gone.containers.contains(&other.spec.container) {
            gone.containers.push(other.spec.container.clone());
        }
    }
    Some(gone)
}

/// When it ended; what is not known is long ago.
fn ended(recording: &Recording) -> Option<&Time> {
    recording.spec.ended.as_ref()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_resources::recording::{Owner, RecordingSpec};
    use serde_json::json;

    fn pod(value: serde_json::Value) -> Pod {
        serde_json::from_value(value).unwrap()
    }

    fn web() -> Pod {
        pod(json!({
            "metadata": {
                "name": "web-1", "namespace": "shop", "uid": "u1",
                "annotations": {"kubectl.kubernetes.io/default-container": "app"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs1", "controller": true}],
            },
            "spec": {
                "nodeName": "n1",
                "initContainers": [{"name": "setup"}],
                "containers": [{"name": "proxy"}, {"name": "logs"}, {"name": "app"}],
            },
        }))
    }

    fn recording(pod: &str, uid: &str, container: &str, second: i64) -> Recording {
        let spec = RecordingSpec {
            pod: pod.into(),
            pod_uid: uid.into(),
            container: container.into(),
            container_id: format!("{uid}{container}"),
            node: "n2".into(),
            owner: Some(Owner { kind: "Deployment".into(), name: "web".into() }),
            ended: Some(Time(jiff::Timestamp::from_second(second).unwrap())),
            cause: "no such file".into(),
            ..RecordingSpec::default()
        };
        Recording::new("r", spec)
    }

    #[test]
    fn the_default_container_is_kubectls_and_the_others_are_named() {
        let mut meant = Meant::of_pod(&web()).unwrap();
        let note = meant.choose(None).unwrap().unwrap();
        assert_eq!(note, "Defaulted container \"app\" out of: app, proxy, logs, setup");
        assert_eq!((meant.label().as_str(), meant.node.as_str()), ("web-1/app", "n1"));
    }

    #[test]
    fn a_container_is_named_or_refused_in_kubectls_words() {
        let mut meant = Meant::of_pod(&web()).unwrap();
        assert_eq!(meant.choose(Some("setup")), Ok(None));
        assert_eq!(meant.container.as_deref(), Some("setup"));
        let error = meant.choose(Some("sidecar")).unwrap_err().to_string();
        assert!(error.starts_with("container sidecar is not valid for pod web-1; it has app, proxy"), "{error}");
    }

    #[test]
    fn a_pod_that_is_on_no_node_yet_is_none() {
        assert_eq!(Meant::of_pod(&pod(json!({"metadata": {"name": "x"}, "spec": {"containers": []}}))), None);
    }

    #[test]
    fn a_pod_is_its_controllers() {
        let metadata = web().metadata;
        assert!(is_owned(&metadata, &["rs0".into(), "rs1".into()]) && !is_owned(&metadata, &["rs2".into()]));
    }

    #[test]
    fn of_pods_that_are_gone_the_last_to_end_is_meant_with_all_its_containers() {
        let all = [
            recording("web-1", "u1", "app", 10),
            recording("web-2", "u2", "proxy", 29),
            recording("web-2", "u2", "app", 30),
            recording("web-3", "u3", "app", 20),
        ];
        let gone = last_gone(&all, |_| true).unwrap();
        assert_eq!((gone.name.as_str(), gone.uid.as_str(), gone.node.as_str()), ("web-2", "u2", "n2"));
        assert_eq!(gone.containers, ["app", "proxy"]);
        assert_eq!(gone.told.as_ref().unwrap().cause, "no such file");
        assert_eq!(last_gone(&all, |r| r.spec.pod_uid != "u2").unwrap().uid, "u3");
        assert_eq!(last_gone(&all, |_| false), None);
    }

    #[test]
    fn a_recording_names_one_run_of_one_container() {
        let meant = Meant::of_run(&recording("web-1", "u1", "app", 10));
        assert_eq!(meant.run, Run::OfContainer("u1app".into()));
        assert_eq!(meant.container.as_deref(), Some("app"));
    }
}
