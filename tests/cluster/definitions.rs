//! What the API server makes of our definitions: `kubectl explain`, validation, columns, deletion.

use anyhow::{Context as _, Result, ensure};
use rewind_resources::crds;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::NODE;
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
const HASH: &str = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";

/// Lets the API server have the definitions, and waits until it serves them.
pub(crate) fn define() -> Result<User> {
    let admin = User::admin()?;
    for definition in crds::all() {
        admin.apply(&serde_json::to_string(&definition)?)?;
        let name = definition.metadata.name.context("no name")?;
        admin.until(&format!("{name} to be served"), SOON, &["crd", &name], |crd| {
            let conditions = crd.pointer("/status/conditions")?.as_array()?;
            let is_met = |kind: &str| {
                let of_kind = conditions.iter().find(|condition| condition.get("type") == Some(&kind.into()));
                of_kind.is_some_and(|condition| condition.get("status") == Some(&"True".into()))
            };
            (is_met("Established") && is_met("NamesAccepted")).then_some(())
        })?;
    }
    Ok(admin)
}

/// A request that is as it should be.
pub(crate) fn request(namespace: &str) -> Value {
    json!({
        "apiVersion": "rewind.dev/v1alpha1",
        "kind": "RecordingRequest",
        "metadata": {"name": "r1", "namespace": namespace},
        "spec": {
            "action": "Read",
            "target": {"pod": "web", "podUID": "u1", "container": "app"},
            "node": NODE,
            "expires": "2026-11-28T00:00:00Z",
            "secretHash": HASH,
            "user": "kubernetes-admin",
        },
    })
}

pub(crate) fn recording(namespace: &str, name: &str, pod: &str) -> Value {
    json!({
        "apiVersion": "rewind.dev/v1alpha1",
        "kind": "Recording",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "pod": pod,
            "podUID": "u1",
            "container": "app",
            "containerID": "abc",
            "node": NODE,
            "started": "2026-11-27T00:00:00Z",
            "ended": "2026-11-27T00:00:07Z",
            "ending": "exited (1)",
            "cause": "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT).",
            "coverage": {"callsHeld": 71, "callsOverwritten": 0, "lost": 0},
            "expires": "2026-11-28T00:00:00Z",
        },
    })
}

/// `spec` with another value at a place in it; none: without it.
fn changed(object: &Value, place: &str, value: Option<Value>) -> Result<Value> {
    let mut object = object.clone();
    let (parent, field) = place.rsplit_once('/').context("no place")?;
    let parent = object.pointer_mut(&format!("/spec{parent}")).and_then(Value::as_object_mut).context("no parent")?;
    match value {
        Some(value) => parent.insert(field.to_owned(), value),
        None => parent.remove(field),
    };
    Ok(object)
}

pub(crate) fn explained() -> Result<()> {
    let admin = define()?;
    // The API server publishes what it serves a little later.
    for (field, text) in [
        ("recording", "What is held of one run of a container that has ended"),
        ("recording.spec.cause", "The likeliest cause, in one sentence."),
        ("recording.spec.coverage.callsHeld", "Calls that are held."),
        ("recordingrequest", "Asks the agent of one node for recordings"),
        ("recordingrequest.spec.secretHash", "SHA-256, in hex digits, of the secret"),
        ("recordingrequest.spec.target.podUID", "The pod's UID"),
        ("recreq.status.accepted", "When an agent has taken it"),
    ] {
        let said = rewind_tests::eventually::eventually(&format!("{field} to be explained"), SOON, || {
            admin.kubectl(&["explain", field]).ok().filter(|said| said.code == 0)
        })?;
        let words = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(words.contains(text), "`{text}` is not in this:\n{}", said.stdout);
    }
    Ok(())
}

pub(crate) fn validated() -> Result<()> {
    let admin = define()?;
    let namespace = Namespace::new("definitions")?;
    let good = request(namespace.name());
    admin.kubectl_with(&["apply", "--dry-run=server", "-f", "-"], &good.to_string())?.success()?;
    for (place, value, why) in [
        ("/target/podUID", None, "a pod is named together with its UID"),
        ("/target/pod", None, "a pod is named together with its UID"),
        ("/target/container", Some(json!("")), "spec.target.container"),
        ("/secretHash", Some(json!("123")), "spec.secretHash"),
        ("/secretHash", Some(json!(HASH.to_uppercase())), "spec.secretHash"),
        ("/secretHash", None, "spec.secretHash: Required value"),
        ("/action", Some(json!("Delete")), "supported values: \"List\", \"Read\", \"Trace\", \"Payload\""),
        ("/node", Some(json!("")), "spec.node"),
        ("/expires", Some(json!("tomorrow")), "spec.expires"),
        ("/expires", None, "spec.expires: Required value"),
        ("/user", None, "spec.user: Required value"),
        ("/more", Some(json!(1)), "unknown field \"spec.more\""),
    ] {
        let refusal = admin.refusal(&changed(&good, place, value.clone())?.to_string())?;
        ensure!(refusal.contains(why), "{place} = {value:?}: `{why}` is not the reason: {refusal}");
    }
    // All pods of the namespace.
    let all = changed(&good, "/target", Some(json!({})))?;
    admin.kubectl_with(&["apply", "--dry-run=server", "-f", "-"], &all.to_string())?.success()?;
    let wordy = changed(&recording(namespace.name(), "r1", "web"), "/cause", Some(json!("x".repeat(1025))))?;
    let refusal = admin.refusal(&wordy.to_string())?;
    ensure!(refusal.contains("spec.cause: Too long: may not be more than 1024"), "{refusal}");
    Ok(())
}

pub(crate) fn immutable() -> Result<()> {
    let admin = define()?;
    let namespace = Namespace::new("definitions")?;
    let good = request(namespace.name());
    admin.apply(&good.to_string())?;
    for (place, value) in [
        ("/action", json!("Trace")),
        ("/target/pod", json!("db")),
        ("/target/podUID", json!("u2")),
        ("/target", json!({})),
        ("/node", json!("node-b")),
        ("/secretHash", json!("0".repeat(64))),
        ("/user", json!("somebody-else")),
    ] {
        let refusal = admin.refusal(&changed(&good, place, Some(value))?.to_string())?;
        ensure!(refusal.contains("make another request"), "{place} was refused for another reason: {refusal}");
    }
    // A live trace is renewed.
    admin.apply(&changed(&good, "/expires", Some(json!("2026-11-28T00:01:00Z")))?.to_string())?;

    let taken = json!({"status": {"accepted": "2026-11-28T00:00:30Z"}}).to_string();
    let patch = ["patch", "recordingrequest", "r1", "--type=merge", "-p", &taken];
    namespace.ask(&patch)?;
    let as_it_is = || namespace.get(&["recordingrequest", "r1"]);
    ensure!(as_it_is()?.pointer("/status/accepted").is_none(), "who makes a request says that it was taken");
    namespace.ask(&[&patch[..], &["--subresource=status"]].concat())?;
    ensure!(as_it_is()?.pointer("/status/accepted").is_some(), "it cannot be taken");
    Ok(())
}

pub(crate) fn columns() -> Result<()> {
    let admin = define()?;
    let namespace = Namespace::new("definitions")?;
    admin.apply(&recording(namespace.name(), "web-1", "web").to_string())?;
    admin.apply(&request(namespace.name()).to_string())?;
    for (arguments, head) in [
        (["get", "recordings", "-o", ""], "NAME POD CONTAINER ENDED WHEN CAUSE"),
        (["get", "rec", "-o", "wide"], "NAME POD CONTAINER ENDED WHEN CAUSE FINGERPRINT NODE CALLS EXPIRES"),
        (["get", "recreq", "-o", ""], "NAME ACTION POD NODE USER EXPIRES ACCEPTED"),
    ] {
        let table = namespace.ask(&arguments)?;
        let first = table.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(first == head, "{arguments:?}:\n{table}");
    }
    let table = namespace.ask(&["get", "recordings"])?;
    let cause = "exited (1)";
    ensure!(table.contains(cause) && table.contains("after openat of /etc/app/config.yaml"), "{table}");
    Ok(())
}

pub(crate) fn selected() -> Result<()> {
    let admin = define()?;
    let namespace = Namespace::new("definitions")?;
    admin.apply(&recording(namespace.name(), "web-1", "web").to_string())?;
    admin.apply(&changed(&recording(namespace.name(), "db-1", "db"), "/node", Some(json!("node-b")))?.to_string())?;
    admin.apply(&request(namespace.name()).to_string())?;
    for (kind, selector, found) in [
        ("recordings", format!("spec.node={NODE}"), "recording.rewind.dev/web-1\n"),
        ("recordings", "spec.pod=db".to_owned(), "recording.rewind.dev/db-1\n"),
        ("recordingrequests", format!("spec.node={NODE}"), "recordingrequest.rewind.dev/r1\n"),
        ("recordingrequests", "spec.node=node-b".to_owned(), ""),
    ] {
        let names = namespace.ask(&["get", kind, "--field-selector", &selector, "-o", "name"])?;
        ensure!(names == found, "{kind} with {selector}: {names}");
    }
    Ok(())
}

/// With nobody there who would have to do something for it.
pub(crate) fn deleted() -> Result<()> {
    let admin = define()?;
    let (first, second) = (Namespace::new("definitions")?, Namespace::new("definitions")?);
    for namespace in [&first, &second] {
        admin.apply(&recording(namespace.name(), "web-1", "web").to_string())?;
        admin.apply(&request(namespace.name()).to_string())?;
    }
    admin.ask(&["delete", "namespace", first.name(), "--timeout=60s"])?;
    let names: Vec<String> = crds::all().into_iter().filter_map(|definition| definition.metadata.name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    admin.ask(&[&["delete", "crd", "--timeout=60s"], &names[..]].concat())?;
    admin.ask(&["delete", "namespace", second.name(), "--timeout=60s"])?;
    define()?;
    Ok(())
}
