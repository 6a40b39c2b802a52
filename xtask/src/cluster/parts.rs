//! The programs of a cluster, as they are built.

use crate::go::{Module, Part};
use crate::packages;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Their folder in the cache.
const OF: &str = "cluster";
const STRIPPED: &str = "-s -w";

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
    ldflags: kubernetes_flags,
    of: OF,
};
const ETCD: Part = Part {
    name: "etcd",
    module: &KUBE,
    versioned_by: "go.etcd.io/etcd/server/v3",
    programs: &[("etcd", "go.etcd.io/etcd/server/v3")],
    ldflags: |_| STRIPPED.to_owned(),
    of: OF,
};
const DNS: Part = Part {
    name: "coredns",
    module: &COREDNS,
    versioned_by: "github.com/coredns/coredns",
    programs: &[("coredns", ".")],
    // It runs in an image that has nothing else.
    ldflags: |_| format!("{STRIPPED} -linkmode external -extldflags -static"),
    of: OF,
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

/// The API server's version is that of what it was linked as.
fn kubernetes_flags(version: &str) -> String {
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    let tag = set("gitVersion", &format!("v{version}"));
    format!("{STRIPPED}{tag}{}{}{}", set("gitMajor", major), set("gitMinor", minor), set("gitTreeState", "clean"))
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
}
