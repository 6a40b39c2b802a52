//! containerd, kubelet, kube-proxy.

use super::filesystem;
use super::host::{POD_BRIDGE, SECOND_CGROUP};
use super::images::PAUSE;
use super::parts::Parts;
use anyhow::{Context as _, Result};
use rewind_tests::cluster::certificates::{CLUSTER, Certificates};
use rewind_tests::cluster::place::{
    ADDRESS, DNS_SERVICE, NODE, NODE_POD_RANGE, POD_RANGE, Place, SECOND, SECOND_ADDRESS, SECOND_POD_RANGE,
};
use rewind_tests::cluster::{processes, second};
use rewind_tests::programs::find;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const CONTAINERD: &str = include_str!("config/containerd.toml");
const NETWORK: &str = include_str!("config/network.conflist");
const KUBELET: &str = include_str!("config/kubelet.yaml");
const KUBE_PROXY: &str = include_str!("config/kube-proxy.yaml");
/// Takes out of a container's specification what the machine itself may not give.
const RUNC_WITHOUT: &str = include_str!("config/runc-without");
const CAP_SYS_RESOURCE: u64 = 1 << 24;

/// How a node differs from the other one.
struct Node {
    name: &'static str,
    address: &'static str,
    pod_range: &'static str,
    /// Behind the names of its processes and files.
    suffix: &'static str,
    cgroup_root: &'static str,
    taints: &'static str,
}

const FIRST: Node =
    Node { name: NODE, address: ADDRESS, pod_range: NODE_POD_RANGE, suffix: "", cgroup_root: "/", taints: "[]" };
/// Nothing is put there that does not name it, but for what is put on every node.
const OTHER: Node = Node {
    name: SECOND,
    address: SECOND_ADDRESS,
    pod_range: SECOND_POD_RANGE,
    suffix: second::SUFFIX,
    cgroup_root: SECOND_CGROUP,
    taints: "[{key: rewind.test/second, effect: NoSchedule}]",
};

/// Starts the container runtime.
pub(super) fn start_runtime(place: &Place) -> Result<()> {
    processes::start(place, "containerd", &FIRST.runtime(place)?)
}

/// Starts what runs pods, and what serves Services.
pub(super) fn start(place: &Place, parts: &Parts) -> Result<()> {
    processes::start(place, "kubelet", &FIRST.kubelet(place, parts)?)?;
    processes::start(place, "kube-proxy", &FIRST.proxy(place, parts)?)
}

/// Makes it possible to start a second node.
pub(super) fn prepare_second(place: &Place, parts: &Parts) -> Result<()> {
    let [runtime, kubelet, proxy] = second::PROCESSES;
    processes::prepare(place, runtime, &OTHER.runtime(place)?)?;
    processes::prepare(place, kubelet, &OTHER.kubelet(place, parts)?)?;
    processes::prepare(place, proxy, &OTHER.proxy(place, parts)?)
}

impl Node {
    fn called(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    fn runtime(&self, place: &Place) -> Result<Command> {
        let may_give_all = may_give_sys_resource()?;
        let runc = find("runc").context("runc is not installed")?;
        let runc = if may_give_all { runc } else { limited(place, &runc)? };
        let network = place.dir().join(self.called("network"));
        fs::create_dir_all(&network)?;
        let bridged = fill(NETWORK, &[("BRIDGE", POD_BRIDGE), ("RANGE", self.pod_range)]);
        fs::write(network.join("10-rewind.conflist"), bridged)?;
        let config = configuration(
            place,
            &self.called("containerd.toml"),
            CONTAINERD,
            &[
                ("ROOT", &place.dir().join(self.called("containerd")).display().to_string()),
                ("PAUSE", PAUSE),
                ("RUNC", &runc.display().to_string()),
                ("NETWORK", &network.display().to_string()),
                ("LIMITED", if may_give_all { "false" } else { "true" }),
            ],
        )?;
        let mut containerd = Command::new(find("containerd").context("containerd is not installed")?);
        containerd.arg("--config").arg(config);
        Ok(filesystem::inside(place, self.name, &containerd))
    }

    fn kubelet(&self, place: &Place, parts: &Parts) -> Result<Command> {
        let made = Certificates::of(place);
        let resolver = place.dir().join("resolv.conf");
        fs::write(&resolver, "nameserver 127.0.0.1\n")?;
        let server = self.called("kubelet-server");
        let config = configuration(
            place,
            &self.called("kubelet.yaml"),
            KUBELET,
            &[
                ("ADDRESS", self.address),
                ("AUTHORITY", &made.certificate(CLUSTER).display().to_string()),
                ("CERTIFICATE", &made.certificate(&server).display().to_string()),
                ("KEY", &made.key(&server).display().to_string()),
                ("DNS", DNS_SERVICE),
                ("RESOLVER", &resolver.display().to_string()),
                ("CGROUP", self.cgroup_root),
                ("TAINTS", self.taints),
            ],
        )?;
        let mut kubelet = parts.kube("kubelet");
        kubelet.arg("--config").arg(config).arg("--kubeconfig").arg(place.kubeconfig(&self.called("kubelet")));
        kubelet.args([
            format!("--hostname-override={}", self.name),
            format!("--node-ip={}", self.address),
            "--v=2".into(),
        ]);
        Ok(filesystem::inside(place, self.name, &kubelet))
    }

    fn proxy(&self, place: &Place, parts: &Parts) -> Result<Command> {
        let config = configuration(
            place,
            &self.called("kube-proxy.yaml"),
            KUBE_PROXY,
            &[
                ("ADDRESS", self.address),
                ("RANGE", POD_RANGE),
                ("NODE", self.name),
                ("KUBECONFIG", &place.kubeconfig("kube-proxy").display().to_string()),
            ],
        )?;
        let mut proxy = parts.kube("kube-proxy");
        proxy.arg("--config").arg(config);
        Ok(filesystem::inside(place, self.name, &proxy))
    }
}

/// A template with its values, in a file.
fn configuration(place: &Place, file: &str, template: &str, values: &[(&str, &str)]) -> Result<PathBuf> {
    let path = place.dir().join(file);
    fs::write(&path, fill(template, values)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn limited(place: &Place, runc: &Path) -> Result<PathBuf> {
    let path = configuration(place, "runc-without", RUNC_WITHOUT, &[("RUNC", &runc.display().to_string())])?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path)
}

/// Machines that are containers themselves often may not.
fn may_give_sys_resource() -> Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let bounds = status.lines().find_map(|line| line.strip_prefix("CapBnd:")).context("no CapBnd")?;
    Ok(u64::from_str_radix(bounds.trim(), 16)? & CAP_SYS_RESOURCE != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_no_gap_when_it_is_filled() {
        assert_eq!(fill("a: @A@, @B@", &[("A", "1"), ("B", "2")]), "a: 1, 2");
    }
}
