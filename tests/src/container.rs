//! Real containers, run by runc.

use crate::bundle::{self, Spec};
use crate::programs::{self, Said};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A container. Dropping it kills and deletes it.
#[derive(Debug)]
pub struct Container {
    id: String,
    bundle: TempDir,
    runc: PathBuf,
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
        let runc = programs::find("runc").context("runc is not installed")?;
        let dir = tempfile::Builder::new().prefix("rewind-bundle-").tempdir()?;
        bundle::write(dir.path(), id, spec)?;
        Ok(Self { id: id.to_owned(), bundle: dir, runc })
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
        let mut command = Command::new(&self.runc);
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

    /// Whether runc still knows it.
    #[must_use]
    pub fn exists(&self) -> bool {
        let state = Command::new(&self.runc).args(["state", &self.id]).stdin(Stdio::null()).output();
        state.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.exists() {
            let _ = Command::new(&self.runc).args(["delete", "--force", &self.id]).stdin(Stdio::null()).output();
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
