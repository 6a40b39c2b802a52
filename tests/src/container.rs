//! Real containers, run by runc or another runtime that takes the same arguments.

use crate::bundle::{self, Spec};
use crate::programs::{self, Said};
use anyhow::{Context as _, Result};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A container. Dropping it kills and deletes it.
#[derive(Debug)]
pub struct Container {
    id: String,
    bundle: TempDir,
    /// The program and its first arguments.
    runtime: Vec<OsString>,
}

impl Container {
    /// Prepares a container whose id begins with `name`; nothing runs yet.
    ///
    /// # Errors
    /// When there is no runc, or its bundle cannot be written.
    pub fn new(name: &str, spec: &Spec) -> Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::with_id(&format!("{name}-{}-{number}", std::process::id()), spec)
    }

    /// Prepares a container with exactly this id.
    ///
    /// # Errors
    /// When there is no runc, or its bundle cannot be written.
    pub fn with_id(id: &str, spec: &Spec) -> Result<Self> {
        let runtime = programs::find("runc").context("runc is not installed")?;
        let dir = tempfile::Builder::new().prefix("rewind-bundle-").tempdir()?;
        bundle::write(dir.path(), id, spec)?;
        Ok(Self { id: id.to_owned(), bundle: dir, runtime: vec![runtime.into()] })
    }

    /// The same, to be run by another runtime. It finds the cgroup2 hierarchy alone at `/sys/fs/cgroup`: crun takes
    /// no other.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn by(mut self, runtime: &str) -> Result<Self> {
        let program = programs::find(runtime).with_context(|| format!("{runtime} is not installed"))?;
        let script = r#"mount -t cgroup2 none /sys/fs/cgroup && exec "$@""#;
        self.runtime = ["unshare", "--mount", "sh", "-c", script, "sh"].map(OsString::from).into();
        self.runtime.push(program.into());
        Ok(self)
    }

    fn runtime(&self) -> Command {
        let mut words = self.runtime.iter();
        let mut command = Command::new(words.next().map_or(OsStr::new("runc"), OsString::as_os_str));
        command.args(words);
        command
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The directory of its bundle.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        self.bundle.path()
    }

    /// The command that runs it in the foreground and deletes it at its end.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = self.runtime();
        command.arg("run").arg("--bundle").arg(self.bundle.path()).arg(&self.id);
        command
    }

    /// Runs it to its end; it is gone then, cgroup and all.
    ///
    /// # Errors
    /// When runc cannot be started.
    pub fn run(&self) -> Result<Said> {
        programs::run(&mut self.command())
    }

    /// Starts it in the background, with a pipe at its standard input and output.
    ///
    /// # Errors
    /// When runc cannot be started.
    pub fn start(&self) -> Result<Running> {
        let runc = self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start runc")?;
        Ok(Running { runc })
    }

    /// Has the runtime do something with it: `kill` with a signal, `pause`, `resume`.
    ///
    /// # Errors
    /// When it does not.
    pub fn order(&self, verb: &str, more: &[&str]) -> Result<()> {
        programs::run(self.runtime().arg(verb).arg(&self.id).args(more))?.success().map(drop)
    }

    /// Whether runc still knows it.
    #[must_use]
    pub fn exists(&self) -> bool {
        let state = self.runtime().args(["state", &self.id]).stdin(Stdio::null()).output();
        state.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.exists() {
            let _ = self.runtime().args(["delete", "--force", &self.id]).stdin(Stdio::null()).output();
        }
    }
}

/// A `runc run` in the background.
#[derive(Debug)]
pub struct Running {
    /// Its standard streams, and its end.
    pub runc: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.runc.stdin.take());
        if !matches!(self.runc.try_wait(), Ok(Some(_))) {
            let _ = self.runc.kill();
            let _ = self.runc.wait();
        }
    }
}
