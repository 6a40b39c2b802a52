//! A pod whose node's agent is gone: its crash file is where its Recording says.

use crate::manifest::{set, workload};
use crate::told::{SOON, between_runs, unwrapped};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::ADDRESS;
use rewind_tests::programs::{self, Said};
use rewind_tests::store::{BUCKET, Store};
use serde_json::{Value, json};

const NOWHERE: &str = "rewind.test/nowhere";

/// Agents that send crash files to a store. Dropping it has them as they were.
struct Sending<'u> {
    admin: &'u User,
    variables: Vec<String>,
}

impl<'u> Sending<'u> {
    fn to(admin: &'u User, store: &Store) -> Result<Self> {
        let mut environment = store.environment();
        environment.push(("REWIND_CRASH_UPLOAD", format!("s3://{BUCKET}/nodes")));
        environment.push(("REWIND_CLUSTER_NAME", "lab".to_owned()));
        let sending = Self { admin, variables: environment.iter().map(|(name, _)| format!("{name}-")).collect() };
        let set: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        sending.set(&set)?;
        rolled_out(admin)?;
        Ok(sending)
    }

    fn set(&self, variables: &[String]) -> Result<()> {
        let variables: Vec<_> = variables.iter().map(String::as_str).collect();
        self.admin
            .ask(&[&["set", "env", agents::DAEMON_SET, "-n", agents::NAMESPACE], &variables[..]].concat())
            .map(drop)
    }

    /// No node has an agent, or each.
    fn are_there(&self, there: bool) -> Result<()> {
        let label = if there { Value::Null } else { json!("true") };
        let patch = json!({"spec": {"template": {"spec": {"nodeSelector": {NOWHERE: label}}}}}).to_string();
        self.admin.ask(&["patch", agents::DAEMON_SET, "-n", agents::NAMESPACE, "--type=merge", "-p", &patch])?;
        if there {
            return rolled_out(self.admin);
        }
        let pods = ["pods", "-n", agents::NAMESPACE, "-l", "app.kubernetes.io/name=rewind-agent"];
        self.admin.until("no agent", SOON, &pods, |pods| pods.get("items")?.as_array()?.is_empty().then_some(()))
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let back = self.set(&self.variables).and_then(|()| self.are_there(true));
        if let Err(error) = back {
            eprintln!("having the agents as they were: {error:#}");
        }
    }
}

fn rolled_out(admin: &User) -> Result<()> {
    let status = ["rollout", "status", agents::DAEMON_SET, "-n", agents::NAMESPACE, "--timeout=120s"];
    admin.ask(&status).map(drop)
}

/// As a person who has a key of the store.
fn asked(admin: &User, namespace: &Namespace, store: &Store, arguments: &[&str]) -> Result<Said> {
    let mut command = admin.command(&[arguments, &["-n", namespace.name()]].concat())?;
    programs::run(command.envs(store.environment()))
}

pub(crate) fn read() -> Result<()> {
    agents::with(|admin| {
        let store = Store::start_on(ADDRESS.parse()?)?;
        let sending = Sending::to(admin, &store)?;
        let namespace = Namespace::new("away")?;
        let mut pod = workload("web", &["cat", "/etc/missing.conf"]);
        set(&mut pod, "/spec/restartPolicy", json!("Always"));
        namespace.apply(&pod.to_string())?;
        between_runs(&namespace, "web", 1)?;
        let url = namespace.until("a Recording that says where its file lies", SOON, &["recordings"], |all| {
            let mut all = all.get("items")?.as_array()?.iter();
            all.find_map(|recording| recording.pointer("/spec/url")?.as_str().map(str::to_owned))
        })?;
        let name = url.strip_prefix(&format!("s3://{BUCKET}/")).with_context(|| url.clone())?;
        ensure!(name.starts_with(&format!("nodes/lab/{}/web/app/", namespace.name())), "{name}");
        ensure!(!store.object(name)?.is_empty(), "{name} is empty");

        sending.are_there(false)?;
        let why = asked(admin, &namespace, &store, &["rewind", "why", "pod/web", "--previous"])?;
        ensure!(why.stderr.contains("no agent runs on node") && why.stderr.contains("is read from s3://"), "{why:?}");
        let why = why.success()?;
        ensure!(unwrapped(&why).starts_with("It exited with 1 after open"), "{why}");
        namespace.ask(&["delete", "pod", "web", "--timeout=60s"])?;
        let dump = asked(admin, &namespace, &store, &["rewind", "dump", "pod/web", "-o", "strace"])?.success()?;
        ensure!(dump.contains("/etc/missing.conf") && dump.contains("+++ exited with 1 +++"), "{dump}");
        // Who has no key of the store is told of it, and where the file is.
        let refused = namespace.kubectl_as(admin, &["rewind", "why", "pod/web"])?;
        ensure!(refused.code == 1 && refused.stderr.contains("cannot read s3://"), "{refused:?}");
        Ok(())
    })
}
