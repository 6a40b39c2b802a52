//! containerd, kubelet, kube-proxy.

use super::filesystem;
use super::host::POD_BRIDGE;
use super::images::PAUSE;
use super::parts::Parts;
use super::processes;
use anyhow::{Context as _, Result};
use rewind_tests::cluster::certificates::{CLUSTER, Certificates};
use rewind_tests::cluster::place::{ADDRESS, DNS_SERVICE, NODE, NODE_POD_RANGE, POD_RANGE, Place};
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

/// Starts the container runtime.
pub(super) fn start_runtime(place: &Place) -> Result<()> {
    let may_give_all = may_give_sys_resource()?;
    let runc = find("runc").context("runc is not installed")?;
    let runc = if may_give_all { runc } else { limited(place, &runc)? };
    let network = place.dir().join("network");
    fs::create_dir_all(&network)?;
    fs::write(network.join("10-rewind.conflist"), fill(NETWORK, &[("BRIDGE", POD_BRIDGE), ("RANGE", NODE_POD_RANGE)]))?;
    let config = configuration(
        place,
        "containerd.toml",
        CONTAINERD,
        &[
            ("ROOT", &place.dir().join("containerd").display().to_string()),
            ("PAUSE", PAUSE),
            ("RUNC", &runc.display().to_string()),
            ("NETWORK", &network.display().to_string()),
            ("LIMITED", if may_give_all { "false" } else { "true" }),
        ],
    )?;
    let mut containerd = Command::new(find("containerd").context("containerd is not installed")?);
    containerd.arg("--config").arg(config);
    processes::start(place, "containerd", &filesystem::inside(place, &containerd))
}

/// Starts what runs pods, and what serves Services.
pub(super) fn start(place: &Place, parts: &Parts) -> Result<()> {
    let made = Certificates::of(place);
    let resolver = place.dir().join("resolv.conf");
    fs::write(&resolver, "nameserver 127.0.0.1\n")?;
    let kubelet_config = configuration(
        place,
        "kubelet.yaml",
        KUBELET,
        &[
            ("ADDRESS", ADDRESS),
            ("AUTHORITY", &made.certificate(CLUSTER).display().to_string()),
            ("CERTIFICATE", &made.certificate("kubelet-server").display().to_string()),
            ("KEY", &made.key("kubelet-server").display().to_string()),
            ("DNS", DNS_SERVICE),
            ("RESOLVER", &resolver.display().to_string()),
        ],
    )?;
    let mut kubelet = parts.kube("kubelet");
    kubelet.arg("--config").arg(kubelet_config).arg("--kubeconfig").arg(place.kubeconfig("kubelet"));
    kubelet.args([format!("--hostname-override={NODE}"), format!("--node-ip={ADDRESS}"), "--v=2".into()]);
    processes::start(place, "kubelet", &filesystem::inside(place, &kubelet))?;

    let proxy_config = configuration(
        place,
        "kube-proxy.yaml",
        KUBE_PROXY,
        &[
            ("ADDRESS", ADDRESS),
            ("RANGE", POD_RANGE),
            ("NODE", NODE),
            ("KUBECONFIG", &place.kubeconfig("kube-proxy").display().to_string()),
        ],
    )?;
    let mut proxy = parts.kube("kube-proxy");
    proxy.arg("--config").arg(proxy_config);
    processes::start(place, "kube-proxy", &proxy)
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
