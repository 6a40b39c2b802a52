//! Images without a registry: packed as `docker save` does, and imported by the runtime.

use super::place::Place;
use crate::programs;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Every file's and every image's time.
const TIME: (&str, &str) = ("@1700000000", "2023-11-14T22:13:20Z");
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image that is being made.
#[derive(Debug)]
pub struct Image {
    dir: TempDir,
    name: String,
    entrypoint: Vec<String>,
}

impl Image {
    /// With nothing in it but the directories that every container needs. `name` has a tag.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-image-").tempdir()?;
        let image = Self { dir, name: name.to_owned(), entrypoint: Vec::new() };
        for (path, mode) in [("", 0o755), ("etc", 0o755), ("proc", 0o755), ("sys", 0o755), ("tmp", 0o1777)] {
            let path = image.root().join(path);
            fs::create_dir_all(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
        }
        image.text("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")?;
        image.text("/etc/group", "root:x:0:\nnogroup:x:65534:\n")?;
        Ok(image)
    }

    /// What runs if nothing else is said.
    #[must_use]
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.entrypoint = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// A copy of a file, with its mode.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, from: &Path, to: &str) -> Result<()> {
        fs::copy(from, self.path(to)?).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    }

    /// A file with that text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&self, to: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.path(to)?, text)?)
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn link(&self, at: &str, to: &str) -> Result<()> {
        Ok(symlink(to, self.path(at)?)?)
    }

    /// Packs it into an archive in `folder`, whose path is returned.
    ///
    /// # Errors
    /// When a program that packs fails.
    pub fn pack(&self, folder: &Path) -> Result<PathBuf> {
        let packed = self.dir.path().join("packed");
        fs::create_dir_all(&packed)?;
        tar(&packed.join("layer.tar"), &self.root(), &["."])?;
        let sum = programs::run(Command::new("sha256sum").arg(packed.join("layer.tar")))?.success()?;
        let sum = sum.split(' ').next().context("sha256sum says nothing")?;
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({
            "architecture": architecture, "os": "linux", "created": TIME.1,
            "config": {"Entrypoint": self.entrypoint, "Env": [PATH], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{sum}")]},
            "history": [{"created": TIME.1}],
        });
        fs::write(packed.join("config.json"), config.to_string())?;
        let manifest = json!([{"Config": "config.json", "RepoTags": [self.name], "Layers": ["layer.tar"]}]);
        fs::write(packed.join("manifest.json"), manifest.to_string())?;
        let archive = folder.join(format!("{}.tar", self.name.replace(['/', ':'], "-")));
        tar(&archive, &packed, &["config.json", "layer.tar", "manifest.json"])?;
        Ok(archive)
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn path(&self, inside: &str) -> Result<PathBuf> {
        let path = self.root().join(inside.trim_start_matches('/'));
        fs::create_dir_all(path.parent().context("it has no parent")?)?;
        Ok(path)
    }
}

/// Lets the cluster's runtime have the images of an archive, of `docker save`'s format or OCI's.
///
/// # Errors
/// When the runtime does not take it.
pub fn import(place: &Place, archive: &Path) -> Result<()> {
    let mut ctr = Command::new("ctr");
    ctr.arg("--address").arg(place.runtime_socket());
    ctr.args(["--namespace", "k8s.io", "images", "import", "--all-platforms"]).arg(archive);
    programs::run(&mut ctr)?.success().map(drop)
}

fn tar(archive: &Path, dir: &Path, files: &[&str]) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]).arg("--mtime").arg(TIME.0);
    tar.arg("--file").arg(archive).arg("--directory").arg(dir).args(files);
    programs::run(&mut tar)?.success().map(drop)
}
