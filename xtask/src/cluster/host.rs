//! What has to change in the host, and how it was before: the node's bridge, settings of the kernel, tables of the
//! packet filter, cgroups.

use anyhow::{Context as _, Result, bail};
use rewind_tests::cluster::place::{ADDRESS, Place, SECOND_ADDRESS, SECOND_POD_RANGE};
use rewind_tests::programs;
use std::fs::{self, File};
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
/// That of the second node's, in which its `kubepods` is.
pub(super) const SECOND_CGROUP: &str = "rewind-two";
/// What connects the second node, on this side and on its own.
const SECOND_LINK: [&str; 2] = ["rewind-two", "rewind-two-in"];

/// Refuses a machine that has a kubelet's pods already: they would be taken for ours.
pub(super) fn check() -> Result<()> {
    cgroups().into_iter().next().map_or(Ok(()), |dir| bail!("a kubelet runs here, or has left {}", dir.display()))
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

/// Makes what a second node needs: a network of its own, and cgroups, which its kubelet expects to be there.
pub(super) fn prepare_second(network: &Path) -> Result<()> {
    File::create(network)?;
    let network = network.to_str().context("no UTF-8")?;
    programs::run(Command::new("unshare").arg(format!("--net={network}")).arg("true"))?.success()?;
    let [outside, inside] = SECOND_LINK;
    ip(&["link", "add", outside, "type", "veth", "peer", "name", inside, "netns", network])?;
    ip(&["link", "set", outside, "master", NODE_BRIDGE, "up"])?;
    let of_second = |words: &[&str]| {
        let mut nsenter = Command::new("nsenter");
        programs::run(nsenter.arg(format!("--net={network}")).args(words))?.success().map(drop)
    };
    of_second(&["ip", "link", "set", "lo", "up"])?;
    of_second(&["ip", "address", "add", &format!("{SECOND_ADDRESS}/24"), "dev", inside])?;
    of_second(&["ip", "link", "set", inside, "up"])?;
    of_second(&["ip", "route", "add", "default", "via", ADDRESS])?;
    of_second(&["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"])?;
    ip(&["route", "add", SECOND_POD_RANGE, "via", SECOND_ADDRESS])?;
    for hierarchy in hierarchies() {
        let own = hierarchy.join(SECOND_CGROUP);
        fs::create_dir_all(&own)?;
        // In a hierarchy of version 1 nobody may be in it before these are said.
        for file in ["cpuset.cpus", "cpuset.mems"]
            .iter()
            .filter(|file| hierarchy.join("cpuset.cpu_exclusive").exists() && own.join(file).exists())
        {
            fs::write(own.join(file), fs::read(hierarchy.join(file))?)?;
        }
    }
    Ok(())
}

/// Kills whatever runs in pods.
pub(super) fn kill_pods() -> Result<()> {
    for dir in cgroups() {
        let kill = dir.join("cgroup.kill");
        if kill.exists() {
            fs::write(&kill, "1").with_context(|| format!("cannot write {}", kill.display()))?;
        }
    }
    Ok(())
}

/// Whether no cgroup of a pod is left; takes away those that are empty.
pub(super) fn remove_pods() -> bool {
    cgroups().into_iter().all(|dir| remove_cgroups(&dir))
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
    std::iter::once(root.to_owned()).chain(below).filter(|dir| dir.join("cgroup.procs").exists()).collect()
}

/// The kubelets' cgroups that are there.
fn cgroups() -> Vec<PathBuf> {
    let all = hierarchies().into_iter().flat_map(|hierarchy| [PODS, SECOND_CGROUP].map(|name| hierarchy.join(name)));
    all.filter(|dir| dir.is_dir()).collect()
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
