//! Builds the programs from their Go modules, and keeps them by version outside the work tree.

use crate::{command, packages};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::{find, is_program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A Go module of ours that names others in exactly one version: its files.
struct Module {
    files: &'static [(&'static str, &'static str)],
}

const KUBE: Module = Module {
    files: &[
        ("go.mod", include_str!("go/kube/go.mod")),
        ("go.sum", include_str!("go/kube/go.sum")),
        ("tools.go", include_str!("go/kube/tools.go")),
    ],
};
const COREDNS: Module = Module {
    files: &[
        ("go.mod", include_str!("go/coredns/go.mod")),
        ("go.sum", include_str!("go/coredns/go.sum")),
        ("main.go", include_str!("go/coredns/main.go")),
    ],
};

/// What is built together, of one version.
struct Part {
    name: &'static str,
    module: &'static Module,
    /// The Go module whose version is that of all.
    versioned_by: &'static str,
    /// Programs, with their packages.
    programs: &'static [(&'static str, &'static str)],
    ldflags: &'static str,
}

const KUBERNETES: Part = Part {
    name: "kubernetes",
    module: &KUBE,
    versioned_by: "k8s.io/kubernetes",
    programs: &[
        ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
        ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        ("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
        ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ],
    ldflags: "-s -w",
};
const ETCD: Part = Part {
    name: "etcd",
    module: &KUBE,
    versioned_by: "go.etcd.io/etcd/server/v3",
    programs: &[("etcd", "go.etcd.io/etcd/server/v3")],
    ldflags: "-s -w",
};
const DNS: Part = Part {
    name: "coredns",
    module: &COREDNS,
    versioned_by: "github.com/coredns/coredns",
    programs: &[("coredns", ".")],
    // It runs in an image that has nothing else.
    ldflags: "-s -w -linkmode external -extldflags -static",
};

/// The programs of a cluster.
pub(super) struct Parts {
    kubernetes: PathBuf,
    etcd: PathBuf,
    coredns: PathBuf,
}

impl Parts {
    /// Those that are there; what is not is built first.
    pub(super) fn get() -> Result<Self> {
        packages::install_missing(packages::CLUSTER)?;
        Ok(Self { kubernetes: KUBERNETES.get()?, etcd: ETCD.get()?, coredns: DNS.get()? })
    }

    /// Where Kubernetes' own programs are.
    pub(super) fn kubernetes(&self) -> &Path {
        &self.kubernetes
    }

    /// A program of Kubernetes.
    pub(super) fn kube(&self, program: &str) -> Command {
        Command::new(self.kubernetes.join(program))
    }

    pub(super) fn etcd(&self) -> Command {
        Command::new(self.etcd.join("etcd"))
    }

    pub(super) fn coredns(&self) -> PathBuf {
        self.coredns.join("coredns")
    }
}

impl Part {
    /// The folder of the programs.
    fn get(&self) -> Result<PathBuf> {
        let version = self.version()?;
        let bin = command::cache()?.join("cluster").join(format!("{}-{version}", self.name)).join("bin");
        let missing = self.programs.iter().filter(|(program, _)| !is_program(&bin.join(program)));
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return Ok(bin);
        }
        let go = go()?;
        let source = self.module.unpack()?;
        fs::create_dir_all(&bin)?;
        for (program, package) in missing {
            eprintln!("setup: building {program} {version} (the test cluster), which takes minutes the first time");
            let (begin, finished) = (Instant::now(), bin.join(program));
            // Whole, or not there.
            let unfinished = bin.join(format!(".{program}-{}", std::process::id()));
            let mut build = Command::new(&go);
            build.args(["build", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags", &self.ldflags(&version)]);
            build.arg("-o").arg(&unfinished).arg(package).current_dir(source.path());
            command::run(&mut build).with_context(|| format!("building {program}"))?;
            fs::rename(&unfinished, &finished)?;
            eprintln!("setup: built {program} in {:.0} s", begin.elapsed().as_secs_f64());
        }
        Ok(bin)
    }

    fn ldflags(&self, version: &str) -> String {
        if self.name != KUBERNETES.name {
            return self.ldflags.to_owned();
        }
        // The API server's version is that of what it was linked as.
        let mut numbers = version.split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
        let version = set("gitVersion", &format!("v{version}"));
        format!(
            "{}{version}{}{}{}",
            self.ldflags,
            set("gitMajor", major),
            set("gitMinor", minor),
            set("gitTreeState", "clean")
        )
    }

    fn version(&self) -> Result<String> {
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
            "please install Go 1.21 or newer (https://go.dev/dl) and run this again: the test cluster is built with it"
        );
    }
    packages::install_missing(packages::GO)?;
    find("go").context("golang-go is installed, but there is no go in PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_version() -> Result<()> {
        for part in [KUBERNETES, ETCD, DNS] {
            assert!(part.version()?.starts_with(|digit: char| digit.is_ascii_digit()), "{}", part.name);
        }
        Ok(())
    }

    #[test]
    fn a_version_is_that_of_the_very_module() {
        let go_mod =
            "module x\n\nrequire k8s.io/kubernetes v1.34.4\n\nrequire (\n\tk8s.io/api v0.34.4 // indirect\n)\n";
        assert_eq!(required(go_mod, "k8s.io/kubernetes").as_deref(), Some("1.34.4"));
        assert_eq!(required(go_mod, "k8s.io/api").as_deref(), Some("0.34.4"));
        assert_eq!(required(go_mod, "k8s.io/kube"), None);
    }
}
