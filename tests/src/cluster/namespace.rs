//! A namespace of the test's own.

use super::kubectl::User;
use crate::programs::Said;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static NEXT: AtomicU32 = AtomicU32::new(1);
/// A pod whose image is there starts in two seconds, on a machine that has nothing else to do.
const STARTS: Duration = Duration::from_secs(60);

/// A namespace. Dropping it deletes it with all that is in it, and does not wait for that.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    admin: User,
}

impl Namespace {
    /// Makes one whose name begins with `name`.
    ///
    /// # Errors
    /// When the API server does not make it, or gives it no ServiceAccount, without which no pod starts in it.
    pub fn new(name: &str) -> Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = Self { name: format!("{name}-{}-{number}", std::process::id()), admin: User::admin()? };
        namespace.admin.ask(&["create", "namespace", &namespace.name])?;
        let account = ["serviceaccount", "default", "-n", &namespace.name];
        namespace.admin.until("the default ServiceAccount", STARTS, &account, |_| Some(()))?;
        Ok(namespace)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes what a manifest says, in this namespace.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn apply(&self, manifest: &str) -> Result<()> {
        self.admin.kubectl_with(&["apply", "-n", &self.name, "-f", "-"], manifest)?.success().map(drop)
    }

    /// Runs `kubectl ARGUMENTS -n NAMESPACE` as somebody. The arguments come first: `rewind` is one of them.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn kubectl_as(&self, user: &User, arguments: &[&str]) -> Result<Said> {
        user.kubectl(&[arguments, &["-n", &self.name]].concat())
    }

    /// What a `kubectl` prints that must succeed, as the user who may do everything.
    ///
    /// # Errors
    /// When it fails.
    pub fn ask(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_as(&self.admin, arguments)?.success()
    }

    /// An object or a list, as JSON.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get(&self, arguments: &[&str]) -> Result<Value> {
        self.admin.get(&[arguments, &["-n", &self.name]].concat())
    }

    /// As [`User::until`], in this namespace.
    ///
    /// # Errors
    /// When it does not come about.
    pub fn until<T>(
        &self,
        what: &str,
        within: Duration,
        arguments: &[&str],
        wanted: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        self.admin.until(what, within, &[arguments, &["-n", &self.name]].concat(), wanted)
    }

    /// Waits until all containers of a pod run.
    ///
    /// # Errors
    /// When they do not.
    pub fn runs(&self, pod: &str) -> Result<()> {
        self.until(&format!("pod {pod} to run"), STARTS, &["pod", pod], |pod| {
            let containers = pod.pointer("/status/containerStatuses")?.as_array()?;
            containers.iter().all(|container| container.pointer("/state/running").is_some()).then_some(())
        })
    }

    /// Waits until the first container of a pod has ended, and expects that exit code; the whole termination.
    ///
    /// # Errors
    /// When it does not end, or otherwise.
    pub fn ends(&self, pod: &str, code: i64, within: Duration) -> Result<Value> {
        let ended = self.until(&format!("pod {pod} to end"), within, &["pod", pod], |pod| {
            let container = pod.pointer("/status/containerStatuses/0")?;
            let ended = ["/state/terminated", "/lastState/terminated"].iter().find_map(|at| container.pointer(at));
            ended.cloned()
        })?;
        let exit_code = ended.get("exitCode").and_then(Value::as_i64).context("no exit code")?;
        ensure!(exit_code == code, "pod {pod} ended with {exit_code}, not {code}: {ended}");
        Ok(ended)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = self.admin.ask(&["delete", "namespace", &self.name, "--wait=false", "--ignore-not-found"]) {
            eprintln!("deleting namespace {}: {error:#}", self.name);
        }
    }
}
