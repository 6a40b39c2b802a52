//! Who may read what: rights are those of the pods' own namespace.

use crate::manifest::{python, workload};
use crate::port::Forward;
use crate::told::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::NODE;
use rewind_tests::eventually::until;
use rewind_tests::mcp::Client;
use serde_json::{Value, json};

const MARKER: &str = "what-was-read";
const OPENED: &str = "\"/tmp/marked\"";
/// What it writes and reads goes by a descriptor of its own, for standard output is recorded always; and stands nowhere
/// in the script, which is an argument.
const READS: &str = "
import time
open('/tmp/marked', 'w').write('-'.join(['what', 'was', 'read']))
while True:
    open('/tmp/marked').read()
    time.sleep(0.1)
";

/// A namespace with a pod that has run.
pub(crate) fn with_pod(name: &str) -> Result<Namespace> {
    let namespace = Namespace::new(name)?;
    namespace.apply(&workload("web", &["sleep", "1000"]).to_string())?;
    namespace.runs("web")?;
    Ok(namespace)
}

pub(crate) fn grant(namespace: &Namespace, role: &str, user: &str) -> Result<()> {
    let (role, user) = (format!("--clusterrole={role}"), format!("--user={user}"));
    namespace.ask(&["create", "rolebinding", "rewind", &role, &user]).map(drop)
}

fn refused(namespace: &Namespace, user: &User, arguments: &[&str]) -> Result<()> {
    let said = namespace.kubectl_as(user, arguments)?;
    ensure!(said.code != 0 && said.stdout.is_empty(), "{arguments:?} was not refused: {said:?}");
    ensure!(said.stderr.to_lowercase().contains("forbidden"), "{arguments:?}: {}", said.stderr);
    Ok(())
}

pub(crate) fn by_namespace() -> Result<()> {
    agents::with(|_| {
        let (own, other) = (with_pod("own")?, with_pod("other")?);
        let user = User::called("alice")?;
        grant(&own, "rewind-viewer", "alice")?;
        let dump = own.kubectl_as(&user, &["rewind", "dump", "pod/web"])?.success()?;
        ensure!(dump.contains("execve(\"/bin/sleep\""), "{dump}");
        refused(&other, &user, &["rewind", "dump", "pod/web"])?;
        refused(&other, &user, &["rewind", "why", "pod/web"])?;
        refused(&own, &user, &["rewind", "payload", "pod/web", "on"])?;
        // What was asked for is gone with the answer.
        let left = own.ask(&["get", "recordingrequests", "-o", "name"])?;
        ensure!(left.is_empty(), "{left}");
        Ok(())
    })
}

pub(crate) fn none() -> Result<()> {
    agents::with(|_| {
        let namespace = with_pod("own")?;
        let user = User::called("mallory")?;
        for arguments in [["rewind", "dump", "pod/web"], ["rewind", "why", "pod/web"], ["get", "recordings", "-o"]] {
            let arguments = if arguments[0] == "get" { &arguments[..2] } else { &arguments[..] };
            refused(&namespace, &user, arguments)?;
        }
        Ok(())
    })
}

pub(crate) fn payload() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("payload")?;
        namespace.apply(&python("web", READS).to_string())?;
        namespace.runs("web")?;
        let user = User::called("carol")?;
        grant(&namespace, "rewind-admin", "carol")?;
        let ask = |arguments: &[&str]| namespace.kubectl_as(&user, arguments)?.success();
        let dump = || ask(&["rewind", "dump", "pod/web", "-o", "strace", "-s", "64"]);
        let has = |word: &'static str| move |dump: &String| dump.contains(word).then(|| dump.clone());
        let before = until("it to have read its file", SOON, dump, has(OPENED))?;
        ensure!(!before.contains(MARKER), "payload is recorded, and nobody has switched it on:\n{before}");
        ask(&["rewind", "payload", "pod/web", "on"])?;
        until("payload", SOON, dump, has(MARKER))?;
        ask(&["rewind", "payload", "pod/web", "off"])?;
        // The newest calls have none again.
        let newest = || ask(&["rewind", "dump", "pod/web", "-o", "strace", "--last", "12"]);
        let is_without = |dump: &String| (dump.contains(OPENED) && !dump.contains(MARKER)).then_some(());
        until("calls without payload", SOON, newest, is_without)
    })
}

/// How a node is doing is for who may make requests where the agents are.
pub(crate) fn of_node() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("node")?;
        let user = User::called("dave")?;
        let node = ["rewind", "node", NODE, "-o", "json"];
        grant(&namespace, "rewind-viewer", "dave")?;
        refused(&namespace, &user, &node)?;
        let of_agents = ["rolebinding", "rewind-node", "-n", agents::NAMESPACE];
        let granted = [&["create"], &of_agents[..], &["--clusterrole=rewind-viewer", "--user=dave"]].concat();
        admin.ask(&granted)?;
        let told = namespace.kubectl_as(&user, &node).and_then(|said| said.success());
        admin.ask(&[&["delete"], &of_agents[..]].concat())?;
        let told: Value = serde_json::from_str(&told?)?;
        ensure!(told.get("name") == Some(&NODE.into()), "{told}");
        let containers = told.get("containers").and_then(Value::as_array).context("no containers")?;
        let is = |of: &Value, key: &str, text: &str| of.get(key) == Some(&text.into());
        let is_web =
            |of: &&Value| is(of, "namespace", namespace.name()) && is(of, "pod", "web") && is(of, "name", "app");
        let found = containers.iter().find(is_web).with_context(|| format!("no web: {told}"))?;
        ensure!(found.get("memory_bytes").and_then(Value::as_u64) > Some(0), "{found}");
        // And as people see it; which node it is need not be said where there is one.
        let table = admin.ask(&["rewind", "node"])?;
        ensure!(table.contains(NODE) && table.contains("web"), "{table}");
        let unknown = admin.kubectl(&["rewind", "node", "node-b"])?;
        ensure!(unknown.code == 5 && unknown.stderr.contains("no agent runs on node node-b"), "{unknown:?}");
        Ok(())
    })
}

/// An assistant has the rights of who started its server.
pub(crate) fn by_an_assistant() -> Result<()> {
    agents::with(|_| {
        let (own, other) = (Namespace::new("own")?, with_pod("other")?);
        own.apply(&workload("web", &["cat", "/etc/missing.conf"]).to_string())?;
        own.ends("web", 1, SOON)?;
        let user = User::called("erin")?;
        grant(&own, "rewind-viewer", "erin")?;
        let mut client = Client::of(&user.command(&["rewind", "mcp", "-n", own.name()])?)?;
        let why = json!({"target": "pod/web"});
        let is_told =
            |(said, is_error): &(String, bool)| (!is_error && said.contains("/etc/missing.conf")).then_some(());
        until("the cause", SOON, || client.call("why", &why), is_told)?;
        let (said, is_error) = client.call("why", &json!({"target": "pod/web", "namespace": other.name()}))?;
        ensure!(is_error && said.to_lowercase().contains("forbidden"), "{said}");
        let (said, is_error) = client.call("list", &json!({"all_namespaces": true}))?;
        ensure!(is_error && said.to_lowercase().contains("forbidden"), "{said}");
        Ok(())
    })
}

/// Whoever reaches the port gets nothing without a request of their own.
pub(crate) fn directly() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("directly")?;
        let forward = Forward::start(admin, agents::DAEMON_SET)?;
        let request = format!("rewind-request: {}/r1", namespace.name());
        let guessed = format!("authorization: Rewind {}", "0".repeat(64));
        for headers in [vec![], vec![request.clone()], vec![guessed.clone()], vec![request, guessed]] {
            let (said, status) = forward.ask("/v1/recordings", &headers)?;
            ensure!([401, 429].contains(&status), "{headers:?}: {status} {said}");
            ensure!(!said.contains("web"), "it tells of pods: {said}");
        }
        Ok(())
    })
}
