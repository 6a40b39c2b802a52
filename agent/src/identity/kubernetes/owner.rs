//! What a pod belongs to, up to the Deployment or CronJob: by names alone, nobody is asked.

use k8s_openapi::api::core::v1::Pod;
use rewind_recording::header::Owner;

/// How long after the time that a CronJob was due its pod may be made, minutes: a week.
const LATE: i64 = 7 * 24 * 60;
/// How much of it may be due to clocks that differ.
const EARLY: i64 = 60;

/// The owner of a pod.
#[must_use]
pub(super) fn of(pod: &Pod) -> Option<Owner> {
    let references = pod.metadata.owner_references.as_deref().unwrap_or_default();
    let reference = references.iter().find(|reference| reference.controller == Some(true)).or(references.first())?;
    let labels = pod.metadata.labels.as_ref();
    let above = match reference.kind.as_str() {
        // A Deployment's controller names ReplicaSets after itself and this label.
        "ReplicaSet" => labels
            .and_then(|labels| labels.get("pod-template-hash"))
            .and_then(|hash| reference.name.strip_suffix(hash.as_str())?.strip_suffix('-'))
            .map(|name| ("Deployment", name)),
        "Job" => {
            let made_s = pod.metadata.creation_timestamp.as_ref().map(|made| made.0.as_second());
            made_s.and_then(|made_s| cron_job(&reference.name, made_s / 60)).map(|name| ("CronJob", name))
        }
        _ => None,
    };
    let above = above.filter(|(_, name)| !name.is_empty());
    let (kind, name) = above.unwrap_or((&reference.kind, &reference.name));
    Some(Owner { kind: kind.into(), name: name.into() })
}

/// A CronJob's controller names Jobs after itself and the minute, since 1970, at which they were due. One that
/// ends in any other number was made by somebody else.
fn cron_job(job: &str, made_min: i64) -> Option<&str> {
    let (name, due) = job.rsplit_once('-')?;
    let digits = due.bytes().all(|byte| byte.is_ascii_digit());
    let due: i64 = due.parse().ok().filter(|_| digits)?;
    (made_min - LATE..=made_min + EARLY).contains(&due).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn owner(references: Value, labels: Value) -> Option<String> {
        let pod = json!({"metadata": {"ownerReferences": references, "labels": labels,
            "creationTimestamp": "2026-11-28T07:20:31Z"}});
        of(&serde_json::from_value(pod).unwrap()).map(|owner| owner.to_string())
    }

    fn by(kind: &str, name: &str) -> Value {
        json!([{"apiVersion": "v1", "kind": kind, "name": name, "uid": "u", "controller": true}])
    }

    #[test]
    fn a_replica_set_of_a_deployment_is_known_by_its_hash() {
        let hash = json!({"pod-template-hash": "6d5f7c9b8"});
        assert_eq!(owner(by("ReplicaSet", "web-6d5f7c9b8"), hash.clone()).unwrap(), "Deployment/web");
        assert_eq!(owner(by("ReplicaSet", "web-other"), hash.clone()).unwrap(), "ReplicaSet/web-other");
        assert_eq!(owner(by("ReplicaSet", "6d5f7c9b8"), hash).unwrap(), "ReplicaSet/6d5f7c9b8");
        assert_eq!(owner(by("ReplicaSet", "web-1"), Value::Null).unwrap(), "ReplicaSet/web-1");
    }

    #[test]
    fn a_job_of_a_cron_job_is_known_by_the_minute_at_which_it_was_due() {
        // 2026-11-28T07:20Z is minute 29930840.
        assert_eq!(owner(by("Job", "backup-29930840"), Value::Null).unwrap(), "CronJob/backup");
        assert_eq!(owner(by("Job", "a-b-29930000"), Value::Null).unwrap(), "CronJob/a-b");
        for job in ["backup-1", "backup-20251128", "backup-29999999", "backup", "import-+29930840", "-29930840"] {
            assert_eq!(owner(by("Job", job), Value::Null).unwrap(), format!("Job/{job}"));
        }
    }

    #[test]
    fn other_owners_are_as_they_are_and_the_controller_is_believed() {
        for kind in ["StatefulSet", "DaemonSet", "Node", "Workflow"] {
            assert_eq!(owner(by(kind, "x"), Value::Null).unwrap(), format!("{kind}/x"));
        }
        let two = json!([{"apiVersion": "v1", "kind": "A", "name": "a", "uid": "u"},
            {"apiVersion": "v1", "kind": "B", "name": "b", "uid": "u", "controller": true}]);
        assert_eq!(owner(two, Value::Null).unwrap(), "B/b");
        assert_eq!(owner(Value::Null, Value::Null), None);
    }
}
