//! An OCI bundle: a root made of the host's own programs, read-only, and a `config.json`.
//!
//! No image and no registry: `/usr` is the host's, mounted read-only; the rest of the root is the
//! container's own.

use crate::workload::{self, WORKLOADS};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// `nobody`.
pub const NOBODY: u32 = 65534;

/// What runs in a container, and as whom.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Program and arguments.
    pub args: Vec<String>,
    /// User and group.
    pub uid: u32,
    /// Added to `PATH` and `HOME`: `NAME=value`.
    pub env: Vec<String>,
    /// Path of the cgroup in all hierarchies; `/<id>` if `None`.
    pub cgroup: Option<String>,
    /// Most memory; no limit if `None`.
    pub memory_bytes: Option<u64>,
    /// Most CPUs at a time; no limit if `None`.
    pub cpus: Option<f64>,
    /// Most bytes a second that are written to the disk of its root; no limit if `None`. Without a limit v1 does not count
    /// what is written (`block/blk-throttle.c`, 6.18).
    pub disk_bytes: Option<u64>,
    /// Most processes and threads; no limit if `None`.
    pub processes: Option<u64>,
    /// The process whose PID namespace it shares; one of its own if `None`.
    pub pid_namespace_of: Option<u32>,
    /// Whether it has a network namespace of its own, without any route; the host's else.
    pub own_network: bool,
    /// Calls that its filter refuses, each with the action and the error (0: none) that it gives
    /// (`linux.seccomp` of the OCI runtime specification).
    pub seccomp: Vec<(String, &'static str, u32)>,
    /// Directories of the host that are mounted read-only, and where.
    pub mounts: Vec<(PathBuf, PathBuf)>,
    /// Disks of its own in memory: where, and how many bytes they hold.
    pub tmpfs: Vec<(PathBuf, u64)>,
    /// Limits of its processes, as getrlimit(2) names them.
    pub rlimits: Vec<(&'static str, u64)>,
}

impl Spec {
    /// A program that runs as nobody.
    pub fn new<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        Self {
            args: args.into_iter().map(Into::into).collect(),
            uid: NOBODY,
            env: Vec::new(),
            cgroup: None,
            memory_bytes: None,
            cpus: None,
            disk_bytes: None,
            processes: None,
            pid_namespace_of: None,
            own_network: false,
            seccomp: Vec::new(),
            mounts: Vec::new(),
            tmpfs: Vec::new(),
            rlimits: Vec::new(),
        }
    }
}

/// Writes the bundle of container `id` into `dir`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(dir: &Path, id: &str, spec: &Spec) -> Result<()> {
    let root = dir.join("rootfs");
    let shared = fill_root(&root).with_context(|| format!("cannot fill {}", root.display()))?;
    let config = dir.join("config.json");
    fs::write(&config, config_json(id, spec, &shared, disk_of(dir))?.to_string())
        .with_context(|| format!("cannot write {}", config.display()))
}

/// Makes what is the container's own, and says which directories of the host are to be mounted.
fn fill_root(root: &Path) -> Result<Vec<PathBuf>> {
    for name in ["", "dev", "etc", "proc", "sys", "tmp", "usr", "workloads"] {
        let dir = root.join(name);
        fs::create_dir_all(&dir)?;
        fs::set_permissions(&dir, Permissions::from_mode(if name == "tmp" { 0o1777 } else { 0o755 }))?;
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")?;
    fs::write(root.join("etc/group"), "root:x:0:\nnogroup:x:65534:\n")?;
    if Path::new("/etc/ld.so.cache").exists() {
        fs::copy("/etc/ld.so.cache", root.join("etc/ld.so.cache"))?;
    }
    let mut shared = vec![PathBuf::from("/usr")];
    for name in ["bin", "sbin", "lib", "lib32", "lib64"] {
        let host = Path::new("/").join(name);
        if host.is_symlink() {
            symlink(fs::read_link(&host)?, root.join(name))?;
        } else if host.is_dir() {
            fs::create_dir_all(root.join(name))?;
            shared.push(host);
        }
    }
    Ok(shared)
}

/// The disk that a directory is on, major and minor; `None`: it is on none.
fn disk_of(dir: &Path) -> Option<(u64, u64)> {
    let device = fs::metadata(dir).ok()?.dev();
    let sys = Path::new("/sys/dev/block").join(format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device)));
    let sys = fs::canonicalize(sys).ok()?;
    // Limits are those of whole disks.
    let whole = if sys.join("partition").exists() { sys.parent()?.to_owned() } else { sys };
    let numbers = fs::read_to_string(whole.join("dev")).ok()?;
    let (major, minor) = numbers.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn config_json(id: &str, spec: &Spec, shared: &[PathBuf], disk: Option<(u64, u64)>) -> Result<Value> {
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc"}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}),
    ];
    let bind = |from: &Path, to: &Path| json!({"destination": to, "type": "none", "source": from, "options": ["rbind", "ro", "nosuid", "nodev"]});
    mounts.extend(shared.iter().map(|dir| bind(dir, dir)));
    mounts.push(bind(&workload::cache()?, Path::new(WORKLOADS)));
    mounts.extend(spec.mounts.iter().map(|(from, to)| bind(from, to)));
    mounts.extend(spec.tmpfs.iter().map(|(at, bytes)| {
        let options = [format!("size={bytes}"), "mode=1777".to_owned()];
        json!({"destination": at, "type": "tmpfs", "source": "tmpfs", "options": options})
    }));
    let mut env = vec!["PATH=/usr/bin:/bin:/usr/sbin:/sbin".to_owned(), "HOME=/".to_owned()];
    env.extend(spec.env.iter().cloned());
    let mut namespaces: Vec<Value> = ["mount", "ipc", "uts"].iter().map(|kind| json!({"type": kind})).collect();
    namespaces.push(match spec.pid_namespace_of {
        Some(tgid) => json!({"type": "pid", "path": format!("/proc/{tgid}/ns/pid")}),
        None => json!({"type": "pid"}),
    });
    if spec.own_network {
        namespaces.push(json!({"type": "network"}));
    }
    let mut resources = serde_json::Map::new();
    if let Some(bytes) = spec.memory_bytes {
        resources.insert("memory".to_owned(), json!({"limit": bytes}));
    }
    if let Some(cpus) = spec.cpus {
        resources.insert("cpu".to_owned(), json!({"period": 100_000, "quota": (cpus * 100_000.0) as i64}));
    }
    if let Some((rate, (major, minor))) = spec.disk_bytes.zip(disk) {
        let limit = json!({"major": major, "minor": minor, "rate": rate});
        resources.insert("blockIO".to_owned(), json!({"throttleWriteBpsDevice": [limit]}));
    }
    if let Some(count) = spec.processes {
        resources.insert("pids".to_owned(), json!({"limit": count}));
    }
    let mut config = json!({
        "ociVersion": "1.0.2",
        "hostname": id,
        "root": {"path": "rootfs", "readonly": false},
        "process": {
            "terminal": false,
            "user": {"uid": spec.uid, "gid": spec.uid},
            "args": spec.args,
            "env": env,
            "cwd": "/",
            "noNewPrivileges": true,
        },
        "mounts": mounts,
        "linux": {
            "cgroupsPath": spec.cgroup.clone().unwrap_or_else(|| format!("/{id}")),
            "namespaces": namespaces,
            "resources": resources,
        },
    });
    if !spec.rlimits.is_empty() {
        let limits = spec.rlimits.iter().map(|(name, most)| json!({"type": name, "hard": most, "soft": most}));
        config["process"]["rlimits"] = limits.collect();
    }
    if !spec.seccomp.is_empty() {
        config["linux"]["seccomp"] = seccomp(&spec.seccomp);
    }
    Ok(config)
}

/// A filter that allows all calls but these.
fn seccomp(calls: &[(String, &'static str, u32)]) -> Value {
    let rules = calls.iter().map(|(name, action, errno)| match errno {
        0 => json!({"names": [name], "action": action}),
        errno => json!({"names": [name], "action": action, "errnoRet": errno}),
    });
    json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules.collect::<Vec<_>>()})
}
