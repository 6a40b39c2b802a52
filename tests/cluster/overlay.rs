//! Agents as an overlay has them, for a while.

use anyhow::{Context as _, Result};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::programs::work_tree;
use std::fs;
use std::path::Path;

/// Agents as the overlay has them. Dropping it has them as they were.
pub(crate) struct Overlay<'u> {
    admin: &'u User,
    manifests: tempfile::TempDir,
}

impl<'u> Overlay<'u> {
    /// As people do it: a copy of the overlay of this name is changed, and applied.
    pub(crate) fn new(admin: &'u User, name: &str, change: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let manifests = tempfile::tempdir()?;
        let own = Path::new("overlays").join(name);
        for dir in ["base", "dashboards", "components/host-root"].map(Path::new).into_iter().chain([own.as_path()]) {
            copy(&work_tree().join("manifests").join(dir), &manifests.path().join(dir))?;
        }
        change(&manifests.path().join(&own))?;
        let overlay = Self { admin, manifests };
        overlay.apply(&own)?;
        Ok(overlay)
    }

    fn apply(&self, dir: &Path) -> Result<()> {
        self.admin.ask(&["apply", "-k", &self.manifests.path().join(dir).display().to_string()])?;
        let status = ["rollout", "status", agents::DAEMON_SET, "-n", agents::NAMESPACE, "--timeout=120s"];
        self.admin.ask(&status).map(drop)
    }
}

impl Drop for Overlay<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.apply(Path::new("base")) {
            eprintln!("having the agents as they were: {error:#}");
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("no {}", from.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
