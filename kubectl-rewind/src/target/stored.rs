//! Which files are meant of those that were sent to an object store, by their `Recording`s.

use super::pods::{Meant, Run};
use rewind_resources::recording::Recording;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Of each container that is meant the `Recording` whose run is meant, where it says where the file is. Of a pod that
/// lives the newest run is out of reach, so that the last to end is both the newest and the previous one.
#[must_use]
pub(crate) fn meant<'r>(recordings: &'r [Recording], meant: &Meant) -> Vec<&'r Recording> {
    let is_meant = |container: &str| meant.container.as_deref().is_none_or(|named| named == container);
    let mut of_each: BTreeMap<&str, Vec<&Recording>> = BTreeMap::new();
    for recording in recordings {
        let spec = &recording.spec;
        if spec.pod_uid == meant.uid && is_meant(&spec.container) {
            of_each.entry(&spec.container).or_default().push(recording);
        }
    }
    let one = of_each.into_values().filter_map(|mut runs| {
        runs.sort_by_key(|recording| Reverse(recording.spec.ended.clone()));
        let mut runs = runs.into_iter();
        match &meant.run {
            Run::Previous if meant.told.is_some() => runs.nth(1),
            Run::Previous | Run::Newest => runs.next(),
            Run::OfContainer(id) => runs.find(|recording| recording.spec.container_id == *id),
        }
    });
    one.filter(|recording| recording.spec.url.is_some()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::target::pods::Told;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use rewind_resources::recording::RecordingSpec;

    fn recording(uid: &str, container: &str, second: i64, url: Option<&str>) -> Recording {
        let spec = RecordingSpec {
            pod_uid: uid.into(),
            container: container.into(),
            container_id: format!("{container}{second}"),
            ended: Some(Time(jiff::Timestamp::from_second(second).unwrap())),
            url: url.map(str::to_owned),
            ..RecordingSpec::default()
        };
        Recording::new("r", spec)
    }

    fn all() -> [Recording; 5] {
        [
            recording("u1", "app", 10, Some("s3://b/app-10")),
            recording("u1", "app", 30, Some("s3://b/app-30")),
            recording("u1", "app", 20, Some("s3://b/app-20")),
            recording("u1", "proxy", 40, None),
            recording("u2", "app", 50, Some("s3://b/another")),
        ]
    }

    fn urls(run: Run, container: Option<&str>, is_gone: bool) -> Vec<String> {
        let told = is_gone.then(|| Told { ending: "exited (1)".into(), cause: String::new(), url: None });
        let pod = Meant { uid: "u1".into(), run, container: container.map(str::to_owned), told, ..Meant::default() };
        meant(&all(), &pod).into_iter().filter_map(|recording| recording.spec.url.clone()).collect()
    }

    #[test]
    fn of_a_pod_that_lives_the_last_run_to_end_is_the_one_before() {
        assert_eq!(urls(Run::Previous, Some("app"), false), ["s3://b/app-30"]);
        assert_eq!(urls(Run::Newest, None, false), ["s3://b/app-30"]);
    }

    #[test]
    fn of_a_pod_that_is_gone_it_is_the_last() {
        assert_eq!(urls(Run::Newest, Some("app"), true), ["s3://b/app-30"]);
        assert_eq!(urls(Run::Previous, Some("app"), true), ["s3://b/app-20"]);
    }

    #[test]
    fn one_run_is_that_run_and_what_was_not_sent_is_none() {
        assert_eq!(urls(Run::OfContainer("app10".into()), Some("app"), true), ["s3://b/app-10"]);
        assert_eq!(urls(Run::Newest, Some("proxy"), true), [""; 0]);
        assert_eq!(urls(Run::OfContainer("app50".into()), Some("app"), true), [""; 0]);
    }
}
