//! What has to change in the host, and how it was before: the node's bridge, settings of the kernel, tables of the
//! packet filter, cgroups.

use anyhow::{Context as _, Result, bail};
use rewind_tests::cluster::place::{ADDRESS, Place};
use rewind_tests::programs;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The bridge that has the node's address.
const NODE_BRIDGE: &str = "rewind-node";
/// The bridge of the pods, which the network plugin makes.
pub(super) const POD_BRIDGE: &str = "rewind-pods";
/// Settings that a pod network needs, and those that kubelet and kube-proxy change.
const NEEDED: [&str; 2] = ["net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"];
const CHANGED: [&str; 5] = [
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/conf/all/route_localnet",
    "net/netfilter/nf_conntrack_max",
];
/// Tables that kubelet and kube-proxy make.
const TABLES: [&str; 4] = ["mangle", "nat", "filter", "kube-proxy"];
const CGROUP: &str = "/sys/fs/cgroup";
/// The kubelet's cgroup, in every hierarchy.
const PODS: &str = "kubepods";

/// Refuses a machine that has a kubelet's pods already: they would be taken for ours.
pub(super) fn check() -> Result<()> {
    let taken = hierarchies().into_iter().next().map(|hierarchy| hierarchy.join(PODS));
    taken.map_or(Ok(()), |dir| bail!("a kubelet runs here, or has left {}", dir.display()))
}

/// Changes the host; what it was before is kept in the cluster's directory.
pub(super) fn prepare(place: &Place) -> Result<()> {
    let settings = NEEDED.iter().chain(&CHANGED).filter_map(|name| {
        let value = fs::read_to_string(setting(name)).ok()?;
        Some(format!("{name} {}\n", value.trim()))
    });
    fs::write(saved_settings(place), settings.collect::<String>())?;
    fs::write(saved_tables(place), tables()?.join("\n"))?;
    for name in NEEDED.iter().filter(|name| setting(name).exists()) {
        fs::write(setting(name), "1").with_context(|| format!("cannot set {name}"))?;
    }
    ip(&["link", "add", NODE_BRIDGE, "type", "bridge"])?;
    ip(&["address", "add", &format!("{ADDRESS}/24"), "dev", NODE_BRIDGE])?;
    ip(&["link", "set", NODE_BRIDGE, "up"])
}

/// Kills whatever runs in pods.
pub(super) fn kill_pods() -> Result<()> {
    for hierarchy in hierarchies() {
        let kill = hierarchy.join(PODS).join("cgroup.kill");
        if kill.exists() {
            fs::write(&kill, "1").with_context(|| format!("cannot write {}", kill.display()))?;
        }
    }
    Ok(())
}

/// Whether no cgroup of a pod is left; takes away those that are empty.
pub(super) fn remove_pods() -> bool {
    hierarchies().into_iter().all(|hierarchy| remove_cgroups(&hierarchy.join(PODS)))
}

/// Makes the host what it was.
pub(super) fn restore(place: &Place) -> Result<()> {
    for bridge in [POD_BRIDGE, NODE_BRIDGE] {
        if Path::new("/sys/class/net").join(bridge).exists() {
            ip(&["link", "delete", bridge])?;
        }
    }
    if let Ok(before) = fs::read_to_string(saved_tables(place)) {
        for table in tables()?.iter().filter(|table| !before.lines().any(|old| old == table.as_str())) {
            // `table ip nat`
            if table.rsplit(' ').next().is_some_and(|name| TABLES.contains(&name)) {
                programs::run(Command::new("nft").arg("delete").args(table.split(' ')))?.success()?;
            }
        }
    }
    for line in fs::read_to_string(saved_settings(place)).unwrap_or_default().lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        if fs::read_to_string(setting(name)).is_ok_and(|now| now.trim() != value) {
            fs::write(setting(name), value).with_context(|| format!("cannot set {name}"))?;
        }
    }
    Ok(())
}

fn tables() -> Result<Vec<String>> {
    let listed = programs::run(Command::new("nft").args(["list", "tables"]))?.success()?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new(CGROUP);
    let below = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(root.to_owned()).chain(below).filter(|dir| dir.join(PODS).is_dir()).collect()
}

/// From the leaves up.
fn remove_cgroups(dir: &Path) -> bool {
    let mut emptied = true;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        // The others go, though one is left.
        emptied &= remove_cgroups(&entry.path());
    }
    emptied && (fs::remove_dir(dir).is_ok() || !dir.exists())
}

fn setting(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

fn saved_settings(place: &Place) -> PathBuf {
    place.dir().join("settings.before")
}

fn saved_tables(place: &Place) -> PathBuf {
    place.dir().join("tables.before")
}

fn ip(arguments: &[&str]) -> Result<()> {
    programs::run(Command::new("ip").args(arguments))?.success().map(drop)
}
