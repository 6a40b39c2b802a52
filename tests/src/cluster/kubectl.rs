//! `kubectl`, as a user types it; `kubectl rewind` is found as kubectl finds plugins.

use super::certificates;
use super::place::{ADMIN, Place};
use crate::eventually::until;
use crate::programs::{self, Said};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::env;
use std::fmt::{self, Debug, Display};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A user of the cluster.
#[derive(Clone, Debug)]
pub struct User {
    place: Place,
    kubeconfig: PathBuf,
}

impl User {
    /// The user who may do everything.
    ///
    /// # Errors
    /// When there is no cache directory.
    pub fn admin() -> Result<Self> {
        let place = Place::of_machine()?;
        let kubeconfig = place.kubeconfig(ADMIN);
        Ok(Self { place, kubeconfig })
    }

    /// A user who may do nothing until a role is bound to that name.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn called(name: &str) -> Result<Self> {
        let place = Place::of_machine()?;
        let kubeconfig = certificates::user(&place, name, &format!("/CN={name}"))?;
        Ok(Self { place, kubeconfig })
    }

    /// Whoever holds that token; `name` is the kubeconfig's.
    ///
    /// # Errors
    /// When the kubeconfig cannot be made.
    pub fn with_token(name: &str, token: &str) -> Result<Self> {
        let place = Place::of_machine()?;
        let kubeconfig = certificates::bearer(&place, name, token)?;
        Ok(Self { place, kubeconfig })
    }

    /// The cluster.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What `kubectl` with these arguments would be.
    ///
    /// # Errors
    /// When no cluster is up.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let kubectl = self.place.kubectl().context("no cluster is up: run `cargo xtask cluster up`")?;
        // kubectl looks for its plugins in PATH.
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs::bin_dir()].into_iter().chain(env::split_paths(&path)))?;
        let mut command = Command::new(kubectl);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).env("PATH", path);
        Ok(command)
    }

    /// Runs `kubectl` to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<Said> {
        programs::run(&mut self.command(arguments)?)
    }

    /// What a `kubectl` prints that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn ask(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl(arguments)?.success()
    }

    /// Runs `kubectl` with that text at its standard input: `apply -f -`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<Said> {
        let mut command = self.command(arguments)?;
        let typed = programs::typed(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start `{typed}`"))?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        // It may end before it has read everything, and says why then.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output()?;
        Ok(Said {
            command: typed,
            code: programs::code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Makes what a manifest says, or changes it to that.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn apply(&self, manifest: &str) -> Result<()> {
        self.kubectl_with(&["apply", "-f", "-"], manifest)?.success().map(drop)
    }

    /// What the API server would say to a manifest.
    ///
    /// # Errors
    /// When it accepts it; or kubectl cannot be started.
    pub fn refusal(&self, manifest: &str) -> Result<String> {
        let said = self.kubectl_with(&["apply", "--dry-run=server", "-f", "-"], manifest)?;
        if said.code == 0 {
            bail!("this was accepted:\n{manifest}");
        }
        Ok(said.stderr)
    }

    /// An object or a list, as JSON.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.ask(&[&["get", "-o", "json"], arguments].concat())?;
        serde_json::from_str(&said).with_context(|| format!("this is no JSON: {said}"))
    }

    /// Waits until `wanted` finds what it looks for in an object or a list.
    ///
    /// # Errors
    /// When it does not come about; how the objects are at last is in the message.
    pub fn until<T>(
        &self,
        what: &str,
        within: Duration,
        arguments: &[&str],
        wanted: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        until(what, within, || self.get(arguments).map(Shown), |object| wanted(&object.0))
    }
}

/// An object, shown as far as it says how it is.
struct Shown(Value);

impl Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self.0.get("status").unwrap_or(&self.0), f)
    }
}
