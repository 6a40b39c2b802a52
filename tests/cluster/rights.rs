//! Who may what: the manifests as shipped, asked of the API server with the tokens and certificates of those who ask.
//!
//! Agents are tokens that are bound to pods of their account; no agent has to run.

use crate::definitions;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::NODE;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::work_tree;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const SYSTEM: &str = "rewind-system";
const ACCOUNT: &str = "rewind-agent";
const SOON: Duration = Duration::from_secs(60);

/// Everything but the agents themselves. The API server heeds a policy a moment after it has taken it.
fn manifests() -> Result<User> {
    let admin = definitions::define()?;
    for file in ["namespace", "agent-rights", "workload-rights", "people", "connect", "agent-policy", "request-policy"]
    {
        let path = work_tree().join(format!("manifests/base/{file}.yaml"));
        admin.ask(&["apply", "-f", path.to_str().context("no UTF-8")?])?;
    }
    let account = format!("system:serviceaccount:{SYSTEM}:{ACCOUNT}");
    let mut request = definitions::request(SYSTEM);
    request["spec"]["user"] = "nobody".into();
    let broken = [
        (account.as_str(), definitions::recording(SYSTEM, "policy", "web")),
        (account.as_str(), event(SYSTEM, "policy", "Pod", NODE)),
        ("kubernetes-admin", request),
    ];
    for (user, object) in &broken {
        let groups = ["--as-group=system:masters", "--as-group=system:authenticated"];
        let arguments = [&["create", "--dry-run=server", "--as", user][..], &groups, &["-f", "-"]].concat();
        eventually("the policies to be heeded", SOON, || {
            let said = admin.kubectl_with(&arguments, &object.to_string()).ok()?;
            said.stderr.contains("ValidatingAdmissionPolicy").then_some(())
        })?;
    }
    Ok(admin)
}

/// An agent of a node, by a pod that never runs: its image is not there.
struct Agent {
    admin: User,
    pod: String,
    user: User,
}

impl Agent {
    fn of_node(admin: &User, node: &str) -> Result<Self> {
        let pod = format!("rights-{}", std::process::id());
        let object = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod, "namespace": SYSTEM},
            "spec": {
                "nodeName": node,
                "serviceAccountName": ACCOUNT,
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "none", "image": "rewind.test/none:1", "imagePullPolicy": "Never"}],
            },
        });
        admin.apply(&object.to_string())?;
        let bound = ["--bound-object-kind", "Pod", "--bound-object-name", &pod];
        let token = admin.ask(&[&["create", "token", ACCOUNT, "-n", SYSTEM], &bound[..]].concat())?;
        Ok(Self { admin: admin.clone(), user: User::with_token(&pod, token.trim())?, pod })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let gone = self.admin.ask(&["delete", "pod", &self.pod, "-n", SYSTEM, "--wait=false", "--ignore-not-found"]);
        if let Err(error) = gone {
            eprintln!("deleting pod {}: {error:#}", self.pod);
        }
    }
}

/// What the API server says to who makes an object.
fn made(user: &User, object: &Value) -> Result<Result<(), String>> {
    let said = user.kubectl_with(&["create", "-f", "-"], &object.to_string())?;
    Ok(if said.code == 0 { Ok(()) } else { Err(said.stderr) })
}

fn refused(said: Result<(), String>, why: &str) -> Result<()> {
    let Err(said) = said else { anyhow::bail!("it was taken; expected: {why}") };
    ensure!(said.contains(why), "`{why}` is not the reason: {said}");
    Ok(())
}

fn event(namespace: &str, name: &str, kind: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {"kind": kind, "namespace": namespace, "name": "web"},
        "reason": "ContainerDiagnosed",
        "message": "why",
        "type": "Warning",
        "source": {"component": "rewind-agent", "host": node},
    })
}

pub(crate) fn own_node() -> Result<()> {
    let admin = manifests()?;
    let (namespace, agent) = (Namespace::new("rights")?, Agent::of_node(&admin, NODE)?);
    let of = |name: &str, node: &str| {
        let mut recording = definitions::recording(namespace.name(), name, "web");
        recording["spec"]["node"] = node.into();
        recording
    };
    made(&agent.user, &of("own", NODE))?.map_err(anyhow::Error::msg)?;
    refused(made(&agent.user, &of("other", "node-b"))?, &format!("an agent on {NODE} writes nothing of node-b"))?;
    made(&admin, &of("others", "node-b"))?.map_err(anyhow::Error::msg)?;
    let delete = |name| namespace.kubectl_as(&agent.user, &["delete", "recording", name]);
    let said = delete("others")?;
    ensure!(said.stderr.contains(&format!("an agent on {NODE} changes nothing of node-b")), "{}", said.stderr);
    delete("own")?.success()?;

    made(&agent.user, &event(namespace.name(), "own", "Pod", NODE))?.map_err(anyhow::Error::msg)?;
    let other = event(namespace.name(), "other", "Pod", "node-b");
    refused(made(&agent.user, &other)?, "an agent's event has the agent's own node as its source")?;
    refused(made(&agent.user, &event(namespace.name(), "kind", "Service", NODE))?, "an agent's event is on a pod")?;
    // Who has the account's rights on no node has none of them.
    let token = admin.ask(&["create", "token", ACCOUNT, "-n", SYSTEM])?;
    let nowhere = User::with_token("rights-nowhere", token.trim())?;
    refused(made(&nowhere, &of("nowhere", NODE))?, "the agent's token names no node")
}

pub(crate) fn taken() -> Result<()> {
    let admin = manifests()?;
    let (namespace, agent) = (Namespace::new("rights")?, Agent::of_node(&admin, NODE)?);
    let accept = ["patch", "recreq", "r1", "--type=merge", "--subresource=status", "-p"];
    let accept = [&accept[..], &[r#"{"status":{"accepted":"2026-11-28T00:00:30Z"}}"#]].concat();
    let mut request = definitions::request(namespace.name());
    request["spec"]["user"] = "kubernetes-admin".into();
    request["spec"]["node"] = "node-b".into();
    made(&admin, &request)?.map_err(anyhow::Error::msg)?;
    // kubectl reads the status before it patches it: an agent may do neither, it replaces the request that it has read.
    let said = namespace.kubectl_as(&agent.user, &accept)?;
    ensure!(said.stderr.contains(r#"cannot get resource "recordingrequests/status""#), "{}", said.stderr);
    let said = namespace.kubectl_as(&agent.user, &["delete", "recreq", "r1"])?;
    ensure!(said.stderr.contains(&format!("an agent on {NODE} changes nothing of node-b")), "{}", said.stderr);
    Ok(())
}

pub(crate) fn people() -> Result<()> {
    manifests()?;
    let namespace = Namespace::new("rights")?;
    let (reader, chief, nobody) =
        (User::called("rights-reader")?, User::called("rights-chief")?, User::called("rights-nobody")?);
    for (user, role) in [("rights-reader", "rewind-viewer"), ("rights-chief", "rewind-admin")] {
        let bind = ["create", "rolebinding", user, "--clusterrole", role, "--user", user];
        namespace.ask(&bind)?;
    }
    let of = |name: &str, user: &str, action: &str| {
        let mut request = definitions::request(namespace.name());
        request["metadata"]["name"] = name.into();
        request["spec"]["user"] = user.into();
        request["spec"]["action"] = action.into();
        request
    };
    made(&reader, &of("r1", "rights-reader", "Read"))?.map_err(anyhow::Error::msg)?;
    made(&reader, &of("r2", "rights-reader", "Trace"))?.map_err(anyhow::Error::msg)?;
    refused(made(&reader, &of("r3", "rights-chief", "Read"))?, "spec.user has to be rights-reader")?;
    refused(made(&reader, &of("r4", "rights-reader", "Payload"))?, "cannot payload resource")?;
    made(&chief, &of("r5", "rights-chief", "Payload"))?.map_err(anyhow::Error::msg)?;
    refused(made(&nobody, &of("r6", "rights-nobody", "Read"))?, "cannot create resource \"recordingrequests\"")?;
    // Renewed by who made it, and by nobody else who has the right to make others.
    let renew = |user: &User, until: &str| {
        let patch = format!(r#"{{"spec":{{"expires":"{until}"}}}}"#);
        namespace.kubectl_as(user, &["patch", "recreq", "r2", "--type=merge", "-p", &patch])
    };
    renew(&reader, "2026-11-28T00:01:00Z")?.success()?;
    let said = renew(&chief, "2026-11-28T00:02:00Z")?;
    ensure!(said.stderr.contains("spec.user has to be rights-chief"), "{said:?}");
    // In another namespace nothing of this counts.
    let other = Namespace::new("rights")?;
    let mut elsewhere = of("r7", "rights-reader", "Read");
    elsewhere["metadata"]["namespace"] = other.name().into();
    refused(made(&reader, &elsewhere)?, "cannot create resource \"recordingrequests\"")
}

/// All that an account may, of the cluster and of the system's namespace: `group/resource verb`.
fn rules(user: &User) -> Result<BTreeSet<String>> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": SYSTEM},
    });
    let said =
        user.kubectl_with(&["create", "--validate=false", "-o", "json", "-f", "-"], &review.to_string())?.success()?;
    let said: Value = serde_json::from_str(&said)?;
    ensure!(said.pointer("/status/incomplete") == Some(&false.into()), "{said}");
    let texts = |rule: &Value, name: &str| -> Vec<String> {
        let all = rule.get(name).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let mut all = BTreeSet::new();
    for rule in ["resourceRules", "nonResourceRules"].iter().filter_map(|name| said.pointer(&format!("/status/{name}")))
    {
        for rule in rule.as_array().context("no rules")? {
            let groups = texts(rule, "apiGroups");
            let within = |resource: String| groups.iter().map(move |group| format!("{group}/{resource}"));
            let named = texts(rule, "resourceNames").join(",");
            let what = texts(rule, "resources").into_iter().flat_map(within).chain(texts(rule, "nonResourceURLs"));
            for what in what {
                all.extend(
                    texts(rule, "verbs").into_iter().map(|verb| format!("{what} {verb} {named}").trim().to_owned()),
                );
            }
        }
    }
    Ok(all)
}

pub(crate) fn exactly() -> Result<()> {
    let admin = manifests()?;
    let agent = Agent::of_node(&admin, NODE)?;
    // What every account may, as to ask what it may.
    let namespace = Namespace::new("rights")?;
    let token = namespace.ask(&["create", "token", "default"])?;
    let anybodys = rules(&User::with_token("rights-anybody", token.trim())?)?;
    let own = rules(&agent.user)?;
    let meant = [
        ("/pods", "list watch"),
        ("/namespaces", "get"),
        ("/services", "list watch"),
        ("discovery.k8s.io/endpointslices", "list watch"),
        ("rewind.dev/recordingrequests", "get list delete"),
        ("rewind.dev/recordingrequests/status", "update"),
        ("rewind.dev/recordings", "create delete list patch"),
        ("/events", "create patch"),
        ("/nodes", "list watch"),
        ("/namespaces", "list watch"),
        ("apps/daemonsets", "list watch"),
        ("apps/deployments", "list watch"),
        ("apps/replicasets", "list watch"),
        ("apps/statefulsets", "list watch"),
        ("batch/cronjobs", "list watch"),
        ("batch/jobs", "list watch"),
        ("autoscaling/horizontalpodautoscalers", "list watch"),
    ];
    let meant = meant.iter().flat_map(|(what, verbs)| verbs.split(' ').map(move |verb| format!("{what} {verb}")));
    // Of all Leases the one that is theirs.
    let lease = ["get", "update"].map(|verb| format!("coordination.k8s.io/leases {verb} rewind-cluster-metrics"));
    let meant = meant.chain(lease).chain(anybodys).collect();
    let differ: Vec<_> = own.symmetric_difference(&meant).collect();
    ensure!(differ.is_empty(), "{differ:#?}");
    Ok(())
}

/// Whether a user may do something somewhere.
fn may(user: &User, verb: &str, resource: &str, namespace: &str) -> Result<bool> {
    // `pods/exec` would be a pod's name to kubectl.
    let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let said = user.kubectl(&["auth", "can-i", verb, resource, "--subresource", sub, "-n", namespace])?;
    Ok(said.code == 0)
}

pub(crate) fn roles() -> Result<()> {
    manifests()?;
    let namespace = Namespace::new("rights")?;
    for (role, recordings, requests, payload) in [
        ("view", true, false, false),
        ("edit", true, true, false),
        ("rewind-viewer", true, true, false),
        ("rewind-admin", true, true, true),
    ] {
        let user = User::called(&format!("rights-{role}"))?;
        let name = format!("rights-{role}");
        namespace.ask(&["create", "rolebinding", &name, "--clusterrole", role, "--user", &name])?;
        for (verb, resource, wanted) in [
            ("list", "recordings.rewind.dev", recordings),
            ("create", "recordingrequests.rewind.dev", requests),
            ("payload", "recordingrequests.rewind.dev", payload),
            ("update", "recordingrequests.rewind.dev/status", false),
            ("create", "recordings.rewind.dev", false),
        ] {
            let what = format!("{role}: {verb} {resource}");
            // Aggregated roles follow a little later.
            rewind_tests::eventually::eventually(&what, std::time::Duration::from_secs(20), || {
                may(&user, verb, resource, namespace.name()).ok().filter(|may| *may == wanted)
            })?;
        }
        for (verb, resource, wanted) in [
            ("list", "pods", true),
            ("create", "pods/portforward", true),
            ("create", "pods/exec", false),
            ("create", "pods", false),
        ] {
            ensure!(may(&user, verb, resource, SYSTEM)? == wanted, "{role} in {SYSTEM}: {verb} {resource}");
        }
    }
    Ok(())
}
