//! Programs that are built from Go modules, and kept by version outside the work tree.

use crate::{command, packages};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::{find, is_program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A Go module of ours that names others in exactly one version: its files.
pub(crate) struct Module {
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// What is built together, of one version.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) module: &'static Module,
    /// The Go module whose version is that of all.
    pub(crate) versioned_by: &'static str,
    /// Programs, with their packages.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// The linker's flags for that version.
    pub(crate) ldflags: fn(&str) -> String,
    /// What it is a part of; its folder in the cache.
    pub(crate) of: &'static str,
}

impl Part {
    /// The folder of the programs.
    pub(crate) fn get(&self) -> Result<PathBuf> {
        let version = self.version()?;
        let bin = command::cache()?.join(self.of).join(format!("{}-{version}", self.name)).join("bin");
        let missing = self.programs.iter().filter(|(program, _)| !is_program(&bin.join(program)));
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return Ok(bin);
        }
        let go = go()?;
        let source = self.module.unpack()?;
        fs::create_dir_all(&bin)?;
        for (program, package) in missing {
            eprintln!("setup: building {program} {version} ({}), which takes minutes the first time", self.of);
            let (begin, finished) = (Instant::now(), bin.join(program));
            // Whole, or not there.
            let unfinished = bin.join(format!(".{program}-{}", std::process::id()));
            let mut build = Command::new(&go);
            build.args(["build", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags", &(self.ldflags)(&version)]);
            build.arg("-o").arg(&unfinished).arg(package).current_dir(source.path());
            command::run(&mut build).with_context(|| format!("building {program}"))?;
            fs::rename(&unfinished, &finished)?;
            eprintln!("setup: built {program} in {:.0} s", begin.elapsed().as_secs_f64());
        }
        Ok(bin)
    }

    pub(crate) fn version(&self) -> Result<String> {
        let go_mod = self.module.files.iter().find(|(name, _)| *name == "go.mod").context("no go.mod")?.1;
        required(go_mod, self.versioned_by).with_context(|| format!("{} is not in go.mod", self.versioned_by))
    }
}

/// The version of a module that a `go.mod` requires: `1.34.4`.
fn required(go_mod: &str, module: &str) -> Option<String> {
    let required = go_mod.lines().find_map(|line| {
        let line = line.trim_start().trim_start_matches("require ");
        line.strip_prefix(module)?.strip_prefix(" v")
    })?;
    required.split_whitespace().next().map(str::to_owned)
}

impl Module {
    fn unpack(&self) -> Result<tempfile::TempDir> {
        let dir = tempfile::Builder::new().prefix("rewind-go-").tempdir()?;
        for (name, text) in self.files {
            fs::write(dir.path().join(name), text)?;
        }
        Ok(dir)
    }
}

/// Go, which fetches a newer one of itself where a module needs that.
pub(crate) fn go() -> Result<PathBuf> {
    let usual = Path::new("/usr/local/go/bin/go");
    if let Some(go) = find("go").or_else(|| is_program(usual).then(|| usual.to_owned())) {
        return Ok(go);
    }
    if !packages::apt_offers("golang-go", "2:1.21") {
        bail!(
            "please install Go 1.21 or newer (https://go.dev/dl) and run this again: the tests' own servers are built with it"
        );
    }
    packages::install_missing(packages::GO)?;
    find("go").context("golang-go is installed, but there is no go in PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_very_module() {
        let go_mod =
            "module x\n\nrequire k8s.io/kubernetes v1.34.4\n\nrequire (\n\tk8s.io/api v0.34.4 // indirect\n)\n";
        assert_eq!(required(go_mod, "k8s.io/kubernetes").as_deref(), Some("1.34.4"));
        assert_eq!(required(go_mod, "k8s.io/api").as_deref(), Some("0.34.4"));
        assert_eq!(required(go_mod, "k8s.io/kube"), None);
    }
}
