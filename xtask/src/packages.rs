//! What comes from the distribution.

use crate::command;
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::find;
use std::path::Path;
use std::process::Command;

/// A package, how to see that it is there, and what it is for.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// A program's name, or a file's path.
    probe: &'static str,
    why: &'static str,
}

const fn package(name: &'static str, probe: &'static str, why: &'static str) -> Package {
    Package { name, probe, why }
}

/// What every build needs beside Rust.
pub(crate) const BUILD: &[Package] = &[package("gcc", "cc", "links programs")];

/// Debian's own compiler with a ready-made `core` for BPF.
pub(crate) const BPF_COMPILER: &[Package] = &[
    package("rustc-web", "/usr/bin/rustc", "the compiler of the kernel side"),
    package("cargo-web", "/usr/bin/cargo", "builds the kernel side"),
    package("libstd-rust-web-dev-bpf", "/nonexistent", "`core` for the BPF target"),
];

/// What bpf-linker is built with.
pub(crate) const BPF_LINKER: &[Package] = &[
    package("llvm-22-dev", "/usr/lib/llvm-22/bin/llvm-config", "bpf-linker is built on LLVM"),
    package("clang-22", "/usr/bin/clang-22", "bpf-linker is built on LLVM"),
    package("libpolly-22-dev", "/usr/lib/llvm-22/lib/libPolly.a", "bpf-linker is built on LLVM"),
    package("libzstd-dev", "/usr/include/zstd.h", "bpf-linker is built on LLVM"),
    package("zlib1g-dev", "/usr/include/zlib.h", "bpf-linker is built on LLVM"),
    package("libxml2-dev", "/usr/include/libxml2", "bpf-linker is built on LLVM"),
    package("g++", "c++", "links bpf-linker"),
];

/// What the demo runs.
pub(crate) const DEMO: &[Package] = &[
    package("runc", "runc", "runs containers"),
    package("busybox-static", "busybox", "runs in containers"),
    package("python3", "/usr/bin/python3", "crashes in the demo's container"),
];

/// What the tests run on top.
pub(crate) const TESTS: &[Package] = &[
    package("strace", "strace", "the oracle of the fidelity tests"),
    package("crun", "crun", "fails to start containers"),
    package("util-linux", "setarch", "takes the randomness out of addresses"),
    package("curl", "/usr/bin/curl", "a program to record"),
    package("wget", "/usr/bin/wget", "a program to record"),
    package("nginx-light", "nginx", "hands requests on"),
    package("redis-server", "redis-server", "a server to record"),
    package("redis-tools", "redis-cli", "asks redis"),
    package("nodejs", "node", "asks name servers in its own way"),
    package("musl-tools", "musl-gcc", "links with a libc that asks name servers in its own way"),
    package("iproute2", "ip", "brings the loopback of a network namespace up"),
    package("libc6-dev", "/usr/include/stdlib.h", "compiles tests/workloads"),
    // The linker of the fuzz targets' runtime.
    package("g++", "c++", "links the fuzz targets"),
];

/// What the corpus runs on top of the tests' programs.
pub(crate) const CORPUS: &[Package] = &[
    package("gcc-multilib", "/usr/lib32/libc.so.6", "links programs of 32 bits"),
    package("openjdk-17-jdk-headless", "javac", "a runtime of the corpus"),
    package("golang-go", "go", "a runtime of the corpus"),
    package("perl", "perl", "a runtime of the corpus"),
    package("ruby", "ruby", "a runtime of the corpus"),
    package("php-cli", "/usr/bin/php8.2", "a runtime of the corpus"),
    package("lua5.4", "lua5.4", "a runtime of the corpus"),
    package("tcl", "tclsh", "a runtime of the corpus"),
    package("gawk", "gawk", "a runtime of the corpus"),
    package("sqlite3", "sqlite3", "a database of the corpus"),
    package("mosquitto", "mosquitto", "a server of the corpus"),
    package("haproxy", "haproxy", "a server of the corpus"),
    package("memcached", "memcached", "a server of the corpus"),
    package("lighttpd", "lighttpd", "a server of the corpus"),
    package("tini", "tini", "starts programs of the corpus"),
    package("dumb-init", "dumb-init", "starts programs of the corpus"),
    package("s6", "s6-svscan", "supervises programs of the corpus"),
    package("execline", "execlineb", "runs scripts of s6"),
    package("runit", "runsvdir", "supervises programs of the corpus"),
    package("supervisor", "supervisord", "supervises programs of the corpus"),
    package("openssl", "openssl", "makes certificates"),
];

/// What the test cluster is made of, beside what is built for it.
pub(crate) const CLUSTER: &[Package] = &[
    package("containerd", "containerd", "runs pods"),
    package("runc", "runc", "runs containers"),
    package("containernetworking-plugins", "/usr/lib/cni/bridge", "gives pods their addresses"),
    package("iptables", "iptables", "the kubelet's rules"),
    package("nftables", "nft", "the rules of Services"),
    package("conntrack", "conntrack", "kube-proxy forgets connections with it"),
    package("iproute2", "ip", "makes the node's bridge"),
    package("openssl", "openssl", "makes certificates"),
    package("curl", "/usr/bin/curl", "asks etcd whether it is healthy"),
    package("busybox-static", "busybox", "runs in pods"),
    package("libc6-dev", "/usr/include/stdlib.h", "compiles tests/workloads"),
    package("gcc", "cc", "links CoreDNS and tests/workloads"),
];

/// What builds the rest of the test cluster.
pub(crate) const GO: &[Package] = &[package("golang-go", "go", "builds the tests' own servers")];

/// What the benchmark compares with, and what it puts under load.
pub(crate) const BENCH: &[Package] = &[
    package("strace", "strace", "is compared with"),
    package("libc6-dev", "/usr/include/stdlib.h", "compiles the benchmark's loops"),
    package("nginx-light", "nginx", "a server to put under load"),
    package("wrk", "wrk", "puts nginx under load"),
    package("redis-server", "redis-server", "a server to put under load"),
    package("redis-tools", "redis-benchmark", "puts redis under load"),
];

/// Not every distribution has it under this name, and not every kernel allows it.
pub(crate) const PERF: &[Package] = &[package("linux-perf", "perf", "is compared with")];

impl Package {
    fn is_there(&self) -> bool {
        if self.probe.starts_with('/') { Path::new(self.probe).exists() } else { find(self.probe).is_some() }
    }
}

/// Installs those of `packages` that are not there.
pub(crate) fn install_missing(packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> = packages.iter().filter(|package| !package.is_there()).collect();
    install(&missing)
}

/// Installs packages, and says why.
pub(crate) fn install(packages: &[&Package]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    if !apt_is_here() {
        bail!("please install these with your package manager, and run this again: {}", names.join(" "));
    }
    if !rustix::process::geteuid().is_root() {
        bail!("please run this, and then this command again: sudo apt-get install {}", names.join(" "));
    }
    for package in packages {
        eprintln!("setup: installing {} ({})", package.name, package.why);
    }
    apt(&["install", "--yes", "--no-install-recommends"], &names).or_else(|_| {
        eprintln!("setup: the list of packages may be old: fetching it");
        apt(&["update"], &[])?;
        apt(&["install", "--yes", "--no-install-recommends"], &names)
    })
}

/// Whether apt knows a package in at least that version (`1.96`).
pub(crate) fn apt_offers(name: &str, least: &str) -> bool {
    if !apt_is_here() {
        return false;
    }
    let offered = || {
        let policy = command::output(Command::new("apt-cache").args(["policy", name]).env("LC_ALL", "C")).ok()?;
        let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?.to_owned();
        let enough = Command::new("dpkg").args(["--compare-versions", &candidate, "ge", least]).status().ok()?;
        Some(candidate != "(none)" && enough.success())
    };
    if let Some(answer) = offered() {
        return answer;
    }
    // A fresh image has no lists.
    rustix::process::geteuid().is_root() && apt(&["update"], &[]).is_ok() && offered() == Some(true)
}

fn apt_is_here() -> bool {
    find("apt-get").is_some()
}

fn apt(verb: &[&str], names: &[&str]) -> Result<()> {
    let mut apt = Command::new("apt-get");
    // Another may be installing, as unattended-upgrades does on a machine that has just started.
    apt.args(["-qq", "-o", "DPkg::Lock::Timeout=600"]).args(verb).args(names).env("DEBIAN_FRONTEND", "noninteractive");
    // What it prints is not our output.
    apt.stdout(std::io::stderr().try_clone_to_stdio()?);
    command::run(&mut apt).context("installing packages")
}

trait ToStdio {
    fn try_clone_to_stdio(&self) -> Result<std::process::Stdio>;
}

impl ToStdio for std::io::Stderr {
    fn try_clone_to_stdio(&self) -> Result<std::process::Stdio> {
        use std::os::fd::AsFd as _;
        Ok(self.as_fd().try_clone_to_owned()?.into())
    }
}
