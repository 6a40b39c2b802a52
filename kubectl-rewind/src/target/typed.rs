//! What TARGET says in a cluster.

use super::TargetError;

/// A kind of objects that own pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnerKind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

/// The kinds by the names that kubectl takes for them.
const KINDS: [(OwnerKind, &[&str]); 6] = [
    (OwnerKind::Deployment, &["deploy", "deployment", "deployments", "deployments.apps", "deployment.apps"]),
    (OwnerKind::ReplicaSet, &["rs", "replicaset", "replicasets", "replicasets.apps", "replicaset.apps"]),
    (OwnerKind::StatefulSet, &["sts", "statefulset", "statefulsets", "statefulsets.apps", "statefulset.apps"]),
    (OwnerKind::DaemonSet, &["ds", "daemonset", "daemonsets", "daemonsets.apps", "daemonset.apps"]),
    (OwnerKind::Job, &["job", "jobs", "jobs.batch", "job.batch"]),
    (OwnerKind::CronJob, &["cj", "cronjob", "cronjobs", "cronjobs.batch", "cronjob.batch"]),
];
/// One name of each kind, as completion offers them.
pub(crate) const NAMES: [&str; 8] = ["pod", "deploy", "rs", "sts", "ds", "job", "cronjob", "rec"];
const PODS: [&str; 3] = ["po", "pod", "pods"];
const RECORDINGS: [&str; 4] = ["rec", "recording", "recordings", "recordings.rewind.dev"];

impl OwnerKind {
    /// As `Recording`s name it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A pod by its name.
    Pod(String),
    /// The pods of what owns them.
    Owner(OwnerKind, String),
    /// One `Recording`: one run of one container.
    Recording(String),
    /// The pods with these labels.
    Labels(String),
}

impl Typed {
    /// Reads TARGET: `NAME` of a pod, or `KIND/NAME`.
    ///
    /// # Errors
    /// [`TargetError::Kind`], or that there is no name.
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        let (kind, name) = text.split_once('/').unwrap_or(("pod", text));
        if name.is_empty() || name.contains('/') {
            return Err(TargetError::NoName { target: text.to_owned() });
        }
        let lower = kind.to_ascii_lowercase();
        let name = name.to_owned();
        if PODS.contains(&&*lower) {
            return Ok(Self::Pod(name));
        }
        if RECORDINGS.contains(&&*lower) {
            return Ok(Self::Recording(name));
        }
        let kind_of = KINDS.iter().find(|(_, names)| names.contains(&&*lower)).map(|(kind, _)| *kind);
        kind_of.map(|kind| Self::Owner(kind, name)).ok_or_else(|| TargetError::Kind { kind: kind.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kubectls_names_of_kinds_are_taken() {
        for (text, kind) in [
            ("deploy/web", OwnerKind::Deployment),
            ("Deployments.apps/web", OwnerKind::Deployment),
            ("sts/web", OwnerKind::StatefulSet),
            ("ds/web", OwnerKind::DaemonSet),
            ("rs/web", OwnerKind::ReplicaSet),
            ("job/web", OwnerKind::Job),
            ("cj/web", OwnerKind::CronJob),
        ] {
            assert_eq!(Typed::parse(text), Ok(Typed::Owner(kind, "web".into())), "{text}");
        }
        assert_eq!(Typed::parse("web"), Ok(Typed::Pod("web".into())));
        assert_eq!(Typed::parse("pod/web"), Ok(Typed::Pod("web".into())));
        assert_eq!(Typed::parse("rec/web-x7"), Ok(Typed::Recording("web-x7".into())));
    }

    #[test]
    fn what_owns_no_pods_is_refused_with_what_does() {
        let error = Typed::parse("svc/web").unwrap_err().to_string();
        assert!(error.contains("\"svc\"") && error.contains("deploy"), "{error}");
        for text in ["", "pod/", "deploy/a/b"] {
            assert!(matches!(Typed::parse(text), Err(TargetError::NoName { .. })), "{text}");
        }
    }
}
