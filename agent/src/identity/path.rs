//! The path of a cgroup says which runtime made it, for which container, of which pod.
//!
//! Paths are those of the v2 hierarchy, from its root, as `cgroup_path()` prints them in the kernel
//! and `/proc/PID/cgroup` shows them on a host (`cgroups(7)`). The shapes come from the runtimes:
//!
//! * runc's systemd driver joins `slice:prefix:name` to `<prefix>-<name>.scope` (prefixes `docker`,
//!   `cri-containerd`, `crio`, `libpod`, `nerdctl`); its cgroupfs driver takes the path as given, and
//!   a wrongly mixed pair of drivers leaves the text with its colons as a directory's name.
//! * The kubelet's `pkg/kubelet/cm` names `kubepods[/burstable|/besteffort]/pod<UID>`, and with the
//!   systemd driver `kubepods-burstable-pod<UID, - as _>.slice`; a static pod's UID is a hash of
//!   32 hex digits. A cgroup root of the kubelet stands in front (kind: `kubelet`).
//! * Podman's `libpod/container_internal_linux.go`, LXC's `lxc.cgroup.pattern`, systemd's
//!   `machined` for the rest.
//!
//! The innermost container wins: in kind, `/docker/<node>/kubelet.slice/…/cri-containerd-<id>.scope`
//! is the pod's container, and `/docker/<node>/kubelet.slice/kubelet.service` is the node.

use rewind_recording::header::Container;

/// Who made the container: [`Runtime::name`] is what [`Container::runtime`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Runtime {
    /// containerd, by itself, under Kubernetes (k3s and RKE2 too) or under nerdctl.
    Containerd,
    /// CRI-O.
    CriO,
    /// Docker.
    Docker,
    /// Podman, of root or of a user.
    Podman,
    /// LXC and Incus.
    Lxc,
    /// A systemd unit, or a machine that systemd registered (nspawn).
    Systemd,
    /// `rewind-agent record`.
    Rewind,
    /// The path does not tell: plain runc or crun, or a cgroup made by hand.
    Unknown,
}

impl Runtime {
    /// The name used in headers and output.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Lxc => "lxc",
            Self::Systemd => "systemd",
            Self::Rewind => "rewind",
            Self::Unknown => "unknown",
        }
    }
}

/// A container that a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContainerPath<'a> {
    /// Who made it.
    pub runtime: Runtime,
    /// Its id, as the runtime spells it.
    pub id: &'a str,
    /// The path of the container's own cgroup, of which the path asked for may be a part below.
    pub own_cgroup: &'a str,
}

/// Everything that the path tells. `cgroup_id` stays 0, and `name` is filled only where the path
/// holds one (machines); see [`super::names`] for the others.
///
/// Without a container in the path, `id` is the unit's name, else the last component.
#[must_use]
pub(crate) fn container(cgroup_path: &str) -> Container {
    let (runtime, id) = match place(cgroup_path) {
        Some(place) => (place.runtime, place.id),
        None => match unit(cgroup_path) {
            Some(unit) => (Runtime::Systemd, unit),
            None => (Runtime::Unknown, components(cgroup_path).last().map_or("/", |(_, name)| name)),
        },
    };
    let pod = place(cgroup_path).map_or(cgroup_path, |place| place.own_cgroup);
    Container {
        id: id.into(),
        name: machine_name(runtime, id).unwrap_or_default().into(),
        runtime: runtime.name().into(),
        cgroup_path: cgroup_path.into(),
        cgroup_id: 0,
        pod_uid: pod_uid(pod).unwrap_or_default().into(),
        pod: None,
    }
}

/// The innermost container that the path names, if it names one. `None` for units, for the
/// directories above containers, and for a cgroup that could be anything (plain runc).
#[must_use]
pub(crate) fn place(cgroup_path: &str) -> Option<ContainerPath<'_>> {
    let all: Vec<(usize, &str)> = components(cgroup_path).collect();
    (0..all.len()).rev().find_map(|index| {
        let (runtime, id) = container_at(&all, index)?;
        let end = all.get(index).map(|(end, _)| *end)?;
        Some(ContainerPath { runtime, id, own_cgroup: cgroup_path.get(..end)? })
    })
}

/// Whether a cgroup lies within a container, below the container's own.
#[must_use]
pub(crate) fn is_inner(cgroup_path: &str) -> bool {
    cgroup_path.rsplit_once('/').is_some_and(|(above, _)| place(above).is_some())
}

/// Whether a component of the path belongs to a helper that stands beside containers and makes
/// calls of its own: conmon, which holds a container's streams, or LXC's monitor.
#[must_use]
pub(crate) fn is_monitor(cgroup_path: &str) -> bool {
    let all: Vec<&str> = components(cgroup_path).map(|(_, name)| name).collect();
    let own =
        |name: &str| ["crio-conmon-", "libpod-conmon-", "lxc.monitor."].iter().any(|prefix| name.starts_with(prefix));
    // Early Podman put the container below its conmon.
    let below = all.iter().rposition(|name| own(name)).map(|at| all.iter().skip(at + 1).any(|name| is_full_id(name)));
    below == Some(false) || matches!(all.as_slice(), [.., "libpod_parent" | "libpod-parent", "conmon"])
}

/// The innermost systemd unit of the path that holds processes (slices do not). A unit's own
/// `init.scope`, which a service manager below makes, is a part of that unit.
#[must_use]
pub(crate) fn unit(cgroup_path: &str) -> Option<&str> {
    let units = || components(cgroup_path).map(|(_, name)| name).filter(|name| is_unit(name));
    units().filter(|name| *name != "init.scope").last().or_else(|| units().next())
}

/// The pod's UID as the Kubernetes API spells it, if the path holds one.
#[must_use]
pub(crate) fn pod_uid(cgroup_path: &str) -> Option<String> {
    components(cgroup_path).filter_map(|(_, name)| uid_in(name)).last()
}

/// Whether the path is that of a pod with this UID, or of something below it.
#[must_use]
pub(crate) fn is_within_pod(cgroup_path: &str, uid: &str) -> bool {
    components(cgroup_path).any(|(_, name)| uid_in(name).is_some_and(|of| of == uid))
}

/// Whether the component is a directory under which the kubelet puts pods, with either driver and
/// under any cgroup root: `kubepods`, `kubepods.slice`, `kubelet-kubepods.slice`.
#[must_use]
pub(crate) fn is_kubepods(component: &str) -> bool {
    let stem = component.strip_suffix(".slice").unwrap_or(component);
    stem == "kubepods" || stem.ends_with("-kubepods") || stem.contains("kubepods-")
}

/// Components with the offset at which each ends. `..` stands for what a cgroup namespace hides.
pub(super) fn components(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    path.split('/').filter_map(move |name| {
        let at = end + name.len();
        end = at + 1;
        (!matches!(name, "" | "." | "..")).then_some((at, name))
    })
}

/// Whether the component at `index` is a container's own cgroup.
fn container_at<'a>(all: &[(usize, &'a str)], index: usize) -> Option<(Runtime, &'a str)> {
    let name = all.get(index).map(|(_, name)| *name)?;
    let parent = index.checked_sub(1).and_then(|above| all.get(above)).map(|(_, name)| *name);
    if let Some(found) = prefixed(name) {
        return Some(found);
    }
    if is_full_id(name) {
        let above = all.get(..index).unwrap_or_default();
        return Some((runtime_above(above), name));
    }
    if let Some(machine) = name.strip_prefix("lxc.payload.").filter(|rest| !rest.is_empty()) {
        return Some((Runtime::Lxc, machine));
    }
    match parent {
        Some("machine.slice") if is_unit(name) => Some((Runtime::Systemd, name)),
        Some("rewind") if name.starts_with("record-") => Some((Runtime::Rewind, name)),
        Some("lxc") if index == 1 => Some((Runtime::Lxc, name)),
        Some("buildkit") if index >= 1 => {
            let docker = all.iter().take(index).any(|(_, name)| *name == "docker");
            Some((if docker { Runtime::Docker } else { Runtime::Unknown }, name))
        }
        // ctr's and nerdctl's cgroupfs paths are `/<containerd namespace>/<id>`.
        Some("default" | "k8s.io") if index == 1 => Some((Runtime::Containerd, name)),
        _ => None,
    }
}

/// `<prefix>-<id>[.scope]` and `<slice>:<prefix>:<id>`, the shapes of the systemd driver.
fn prefixed(name: &str) -> Option<(Runtime, &str)> {
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    if let Some((rest, id)) = stem.rsplit_once(':').filter(|(_, id)| is_id(id)) {
        let prefix = rest.rsplit(':').next().unwrap_or(rest);
        return Some((runtime_of(prefix).unwrap_or(Runtime::Unknown), id));
    }
    let (prefix, id) = stem.rsplit_once('-')?;
    match runtime_of(prefix) {
        Some(runtime) if is_id(id) => Some((runtime, id)),
        None if is_full_id(id) && name.ends_with(".scope") && !prefix.ends_with("conmon") => {
            Some((Runtime::Unknown, id))
        }
        _ => None,
    }
}

fn runtime_of(prefix: &str) -> Option<Runtime> {
    Some(match prefix {
        "cri-containerd" | "containerd" | "nerdctl" => Runtime::Containerd,
        "crio" => Runtime::CriO,
        "docker" => Runtime::Docker,
        // `--cgroups=split`, which Podman's own units use, makes libpod-payload.
        "libpod" | "libpod-payload" => Runtime::Podman,
        _ => return None,
    })
}

/// Whose a bare id is, by what stands above it, nearest first.
fn runtime_above(above: &[(usize, &str)]) -> Runtime {
    for (_, name) in above.iter().rev() {
        match *name {
            name if name.starts_with("libpod") => return Runtime::Podman,
            name if is_kubepods(name) || uid_in(name).is_some() => return Runtime::Containerd,
            // ecs and actions_job are parents that are handed to Docker with --cgroup-parent.
            "docker" | "ecs" | "actions_job" => return Runtime::Docker,
            "default" | "k8s.io" => return Runtime::Containerd,
            _ => {}
        }
    }
    Runtime::Unknown
}

/// What machined's `machine-<name>.scope` and `systemd-nspawn@<name>.service` say.
fn machine_name(runtime: Runtime, id: &str) -> Option<String> {
    if runtime != Runtime::Systemd {
        return None;
    }
    let machine = id.strip_prefix("machine-").and_then(|rest| rest.strip_suffix(".scope"));
    let nspawn = id.strip_prefix("systemd-nspawn@").and_then(|rest| rest.strip_suffix(".service"));
    machine.or(nspawn).map(unescaped)
}

/// Undoes `systemd-escape`'s `\x2d`; what is not such an escape stays (`systemd.unit(5)`).
fn unescaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("\\x") {
        let code = rest.get(at + 2..at + 4).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        let Some(code) = code else { break };
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push(char::from(code));
        rest = rest.get(at + 4..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The UID of a component that is a pod's own directory.
fn uid_in(name: &str) -> Option<String> {
    let name = name.split(':').next().unwrap_or(name);
    if let Some(uid) = name.strip_prefix("pod").filter(|uid| is_uid(uid)) {
        return Some(uid.to_owned());
    }
    let stem = name.strip_suffix(".slice")?;
    let (_, uid) = stem.rsplit_once("-pod")?;
    // A `-` in a slice's name would start a child slice, so the kubelet writes `_`.
    let uid = uid.replace('_', "-");
    (is_uid(&uid) || (is_kubepods(stem) && !uid.is_empty())).then_some(uid)
}

/// A UUID, or the 32 hex digits that are a static pod's UID.
fn is_uid(text: &str) -> bool {
    let dashes = text.bytes().filter(|byte| *byte == b'-').count();
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && matches!(dashes, 0 | 4) && digits + dashes == text.len()
}

/// An id in a place where nothing else is expected: short ids are allowed.
fn is_id(text: &str) -> bool {
    text.len() >= 12 && is_hex(text)
}

/// The 64 hex digits that Docker, Podman, CRI-O and containerd's CRI draw.
fn is_full_id(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether the component is a unit that has a cgroup and is no slice.
pub(super) fn is_unit(component: &str) -> bool {
    [".service", ".scope", ".socket", ".mount", ".swap"]
        .iter()
        .any(|suffix| component.strip_suffix(suffix).is_some_and(|stem| !stem.is_empty()))
}
