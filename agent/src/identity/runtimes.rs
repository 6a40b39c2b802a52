//! What container runtimes leave in files, for names without a socket.
//!
//! | runtime | file, below the host's root |
//! |---|---|
//! | containerd | the bundle's `config.json`, by containerd's namespace (`runtime.v2.task`) |
//! | Docker | `var/lib/docker/containers/<id>/config.v2.json` |
//! | CRI-O | the bundle's `config.json`, in containers/storage's `userdata` |
//! | Podman | containers/storage's list of containers |
//! | runc | `run/runc/<id>/state.json`, which says what cgroup the id has |
//!
//! Files are read up to [`MAX_BYTES`]; a longer one is taken as absent. Directories are listed up to
//! [`MAX_ENTRIES`].

use super::service::service;
use super::source::{Known, Source};
use rewind_recording::header::{Container, ContainerKind, Pod};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest file that is read.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// Most entries of a directory that are looked at.
pub(crate) const MAX_ENTRIES: usize = 512;

/// The one part of an OCI `config.json` that is of use here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Bundle {
    annotations: BTreeMap<String, String>,
}

impl Bundle {
    fn get(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of the keys that is there.
    fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }
}

/// Bundles of containerd, its own and the ones that k3s, RKE2 and Docker start.
pub(crate) struct ContainerdBundles {
    task_dirs: Vec<PathBuf>,
}

impl ContainerdBundles {
    /// Looks below `root`.
    #[must_use]
    pub(crate) fn below(root: &Path) -> Self {
        let state_dirs = ["run/containerd", "run/k3s/containerd", "run/docker/containerd/daemon"];
        Self { task_dirs: state_dirs.iter().map(|dir| root.join(dir).join("io.containerd.runtime.v2.task")).collect() }
    }

    fn read(dir: &Path, id: &str) -> Option<Known> {
        let namespace = dir.file_name()?.to_str()?;
        let bundle: Bundle = json(&dir.join(id).join("config.json"))?;
        // pkg/cri/annotations in containerd's tree; nerdctl's pkg/labels.
        let pod = bundle.get("io.kubernetes.cri.sandbox-name");
        let kubernetes_namespace = bundle.get("io.kubernetes.cri.sandbox-namespace");
        let sandbox = bundle.get("io.kubernetes.cri.container-type") == Some("sandbox");
        let container = bundle.get("io.kubernetes.cri.container-name").filter(|_| !sandbox);
        let known = match (kubernetes_namespace, pod) {
            (Some(namespace), Some(pod)) => {
                let uid = bundle.get("io.kubernetes.cri.sandbox-uid");
                let image = bundle.get("io.kubernetes.cri.image-name").filter(|_| !sandbox);
                Known::of_pod(told(namespace, pod, container, sandbox, Told { uid, image, restart: None }))
            }
            _ => Known { name: bundle.get("nerdctl/name").unwrap_or_default().to_owned(), ..Known::default() },
        };
        // Docker's containers are containerd's too, in a namespace of Docker's.
        let runtime = Some(if namespace == "moby" { "docker" } else { "containerd" }.to_owned());
        Some(Known { runtime, ..known })
    }
}

impl Source for ContainerdBundles {
    fn known(&self, container: &Container) -> Option<Known> {
        if !matches!(container.runtime.as_str(), "containerd" | "unknown") {
            return None;
        }
        let id = file_name(container.id.as_str())?;
        let namespaces = self.task_dirs.iter().flat_map(|dir| entries(dir));
        namespaces
            .filter_map(|namespace| Self::read(&namespace, id))
            .find(|known| known.runtime.as_deref() != Some("docker"))
    }
}

/// Docker's own record of a container.
pub(crate) struct Docker {
    dir: PathBuf,
}

/// `container.Container` in moby's tree.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DockerConfig {
    name: String,
}

impl Docker {
    /// Looks below `root`, in Docker's default data root.
    #[must_use]
    pub(crate) fn below(root: &Path) -> Self {
        Self { dir: root.join("var/lib/docker/containers") }
    }
}

impl Source for Docker {
    fn known(&self, container: &Container) -> Option<Known> {
        // With the systemd driver off, cri-dockerd's pods look as containerd's do.
        if !matches!(container.runtime.as_str(), "docker" | "containerd" | "unknown") {
            return None;
        }
        let config: DockerConfig = json(&self.dir.join(file_name(container.id.as_str())?).join("config.v2.json"))?;
        let name = Some(config.name.trim_start_matches('/')).filter(|name| !name.is_empty())?;
        let known = kubelets(name).unwrap_or_else(|| Known { name: name.to_owned(), ..Known::default() });
        Some(Known { runtime: Some("docker".to_owned()), ..known })
    }
}

/// Bundles of CRI-O.
pub(crate) struct CriOBundles {
    dirs: Vec<PathBuf>,
}

impl CriOBundles {
    /// Looks below `root`, in the default places of containers/storage.
    #[must_use]
    pub(crate) fn below(root: &Path) -> Self {
        let dirs = ["run/containers/storage/overlay-containers", "var/lib/containers/storage/overlay-containers"];
        Self { dirs: dirs.iter().map(|dir| root.join(dir)).collect() }
    }
}

impl Source for CriOBundles {
    fn known(&self, container: &Container) -> Option<Known> {
        if container.runtime != "cri-o" {
            return None;
        }
        let id = file_name(container.id.as_str())?;
        let bundle: Bundle = self.dirs.iter().find_map(|dir| json(&dir.join(id).join("userdata/config.json")))?;
        // Podman writes CRI-O's key too, and wrote "sandbox" there for every container.
        let libpod = bundle.get("io.container.manager") == Some("libpod");
        let sandbox = !libpod && bundle.get("io.kubernetes.cri-o.ContainerType") == Some("sandbox");
        let namespace = bundle.first(&["io.kubernetes.pod.namespace", "io.kubernetes.cri-o.Namespace"]);
        let pod = bundle.first(&["io.kubernetes.pod.name", "io.kubernetes.cri-o.KubeName"]);
        let name = bundle.get("io.kubernetes.container.name").filter(|_| !sandbox);
        let uid = bundle.get("io.kubernetes.pod.uid");
        let restart = bundle.get("io.kubernetes.container.restartCount").and_then(|count| count.parse().ok());
        let image = bundle.get("io.kubernetes.cri-o.ImageName").filter(|_| !sandbox);
        let parsed = bundle.get("io.kubernetes.cri-o.Name").and_then(kubelets);
        // The annotations of a container need not name its pod; then the long name does.
        let whole = namespace.zip(pod).filter(|_| sandbox || name.is_some());
        let whole = whole.map(|(namespace, pod)| told(namespace, pod, name, sandbox, Told { uid, image, restart }));
        match (parsed.and_then(|known| known.pod), whole) {
            (Some(mut parsed), Some(whole)) => {
                parsed.complete(whole);
                Some(Known::of_pod(parsed))
            }
            (one, other) => Some(one.or(other).map(Known::of_pod).unwrap_or_default()),
        }
    }
}

/// Podman's list of containers, as containers/storage keeps it.
pub(crate) struct Podman {
    lists: Vec<PathBuf>,
}

/// `Container` in containers/storage's tree.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    id: String,
    names: Vec<String>,
}

impl Podman {
    /// Looks below `root`, in root's own storage.
    #[must_use]
    pub(crate) fn below(root: &Path) -> Self {
        let lists = [
            "var/lib/containers/storage/overlay-containers/containers.json",
            "var/lib/containers/storage/overlay-containers/volatile-containers.json",
            "run/containers/storage/overlay-containers/volatile-containers.json",
            "var/lib/containers/storage/vfs-containers/containers.json",
            "var/lib/containers/storage/btrfs-containers/containers.json",
        ];
        Self { lists: lists.iter().map(|list| root.join(list)).collect() }
    }
}

impl Source for Podman {
    fn known(&self, container: &Container) -> Option<Known> {
        if container.runtime != "podman" {
            return None;
        }
        let name = self.lists.iter().find_map(|list| {
            let stored: Vec<Stored> = json(list)?;
            stored.into_iter().find(|stored| container.id == stored.id)?.names.into_iter().next()
        })?;
        Some(Known { name, ..Known::default() })
    }
}

/// The state that runc keeps: which id has which cgroup, where the path alone does not tell.
pub(crate) struct Runc {
    dir: PathBuf,
}

/// `State` in runc's libcontainer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RuncState {
    id: String,
    cgroup_paths: BTreeMap<String, PathBuf>,
}

impl RuncState {
    fn has_cgroup(&self, cgroup_path: &str) -> bool {
        let relative = Path::new(cgroup_path.trim_start_matches('/'));
        !relative.as_os_str().is_empty() && self.cgroup_paths.values().any(|path| path.ends_with(relative))
    }
}

impl Runc {
    /// Looks below `root`, in runc's default state directory.
    #[must_use]
    pub(crate) fn below(root: &Path) -> Self {
        Self { dir: root.join("run/runc") }
    }
}

impl Source for Runc {
    fn known(&self, container: &Container) -> Option<Known> {
        if container.runtime != "unknown" {
            return None;
        }
        // Most often the cgroup has the id's name.
        let likely = file_name(container.id.as_str()).map(|id| self.dir.join(id));
        let dirs = likely.into_iter().chain(entries(&self.dir));
        let mut states = dirs.filter_map(|dir| json::<RuncState>(&dir.join("state.json")));
        let found = states.find(|state| state.has_cgroup(container.cgroup_path.as_str()))?;
        Some(Known { name: found.id, ..Known::default() })
    }
}

/// The name that the kubelet's runtimes give: `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`,
/// with `POD` (Docker) or none (CRI-O) as the container of a sandbox. No part may hold a `_`.
fn kubelets(name: &str) -> Option<Known> {
    let parts: Vec<&str> = name.strip_prefix("k8s_")?.split('_').collect();
    let (container, rest) = match parts.as_slice() {
        [container, rest @ ..] if rest.len() == 4 => (Some(*container), rest),
        rest if rest.len() == 4 => (None, rest),
        _ => return None,
    };
    let [pod, namespace, uid, attempt] = rest else { return None };
    let container = container.filter(|name| *name != "POD");
    // Of a container the kubelet counts here how often it was started before.
    let restart = container.and_then(|_| attempt.parse().ok());
    let more = Told { uid: Some(*uid), image: None, restart };
    Some(Known::of_pod(told(namespace, pod, container, container.is_none(), more)))
}

/// What a runtime may tell of a container in a pod besides its names.
struct Told<'t> {
    uid: Option<&'t str>,
    image: Option<&'t str>,
    restart: Option<u32>,
}

/// A pod as a runtime tells of it.
fn told(namespace: &str, name: &str, container: Option<&str>, is_sandbox: bool, more: Told<'_>) -> Pod {
    let mut pod = Pod {
        namespace: namespace.into(),
        name: name.into(),
        uid: more.uid.unwrap_or_default().into(),
        container: container.unwrap_or_default().into(),
        kind: if is_sandbox { ContainerKind::Sandbox } else { ContainerKind::Unknown },
        image: more.image.unwrap_or_default().into(),
        restart: more.restart,
        ..Pod::default()
    };
    pod.service = service(&pod, &BTreeMap::new(), &BTreeMap::new());
    pod
}

/// An id that comes from a path of the kernel and goes into one of ours: one component, never `..`.
fn file_name(id: &str) -> Option<&str> {
    let plain = !id.is_empty() && !matches!(id, "." | "..") && !id.contains(['/', '\0']);
    plain.then_some(id)
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(list) = std::fs::read_dir(dir) else { return Vec::new() };
    list.take(MAX_ENTRIES).filter_map(Result::ok).map(|entry| entry.path()).collect()
}

fn json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    // Opening anything else, a FIFO say, could block.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    let read = File::open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut text).ok()?;
    if u64::try_from(read).ok()? > MAX_BYTES {
        return None;
    }
    serde_json::from_slice(&text).ok()
}
