//! The agents in the cluster, deployed as people do it.

use super::kubectl::User;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// Where they live.
pub const NAMESPACE: &str = "rewind-system";
/// What they belong to.
pub const DAEMON_SET: &str = "daemonset/rewind-agent";
/// Which pods are theirs.
pub const SELECTOR: &str = "app.kubernetes.io/name=rewind-agent";
/// An agent that was killed is started again, and looks at all that it finds.
const RETURNS: Duration = Duration::from_secs(60);

static DEPLOYED: OnceLock<Result<(), String>> = OnceLock::new();

/// Deploys them, once for all tests of this program, and waits until they are ready.
///
/// # Errors
/// When they do not get ready; what they log is in the message.
pub fn deployed() -> Result<User> {
    let admin = User::admin()?;
    let deploy = || -> Result<()> {
        admin.ask(&["rewind", "deploy"])?;
        admin.ask(&["rollout", "status", DAEMON_SET, "-n", NAMESPACE, "--timeout=120s"])?;
        Ok(())
    };
    let outcome = DEPLOYED.get_or_init(|| deploy().with_context(|| log(&admin)).map_err(|error| format!("{error:#}")));
    outcome.clone().map_err(anyhow::Error::msg)?;
    Ok(admin)
}

/// What an agent has to say to a probe.
///
/// # Errors
/// When it is not well.
pub fn health(admin: &User) -> Result<String> {
    admin.ask(&["exec", "-n", NAMESPACE, DAEMON_SET, "-c", "rewind-agent", "--", "/rewind-agent", "health"])
}

/// Runs a test with agents in the cluster. If it fails, what they logged stands in the message.
///
/// # Errors
/// When the test fails.
pub fn with(test: impl FnOnce(&User) -> Result<()>) -> Result<()> {
    let admin = deployed()?;
    test(&admin).with_context(|| log(&admin))
}

/// The agent's pod, when it is ready and `wanted` accepts it.
///
/// # Errors
/// When there is none in time.
pub fn ready(admin: &User, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let pods = ["pods", "-n", NAMESPACE, "-l", SELECTOR];
    admin.until(what, RETURNS, &pods, |pods| {
        let mut pods = pods.get("items")?.as_array()?.iter();
        pods.find(|pod| pod.pointer("/status/containerStatuses/0/ready") == Some(&true.into()) && wanted(pod)).cloned()
    })
}

/// Whether a pod is on that node.
#[must_use]
pub fn is_on(pod: &Value, node: &str) -> bool {
    pod.pointer("/spec/nodeName") == Some(&node.into())
}

/// The end of their log, and what the cluster says of them.
fn log(admin: &User) -> String {
    let said = |arguments: &[&str]| admin.ask(arguments).unwrap_or_else(|error| format!("{error:#}"));
    let pods = said(&["get", "pods", "-n", NAMESPACE, "-o", "wide"]);
    let log = said(&["logs", DAEMON_SET, "-n", NAMESPACE, "--tail=40"]);
    format!("the agents:\n{pods}\n{log}")
}
