//! A node's mount namespace: what pods mount is seen in other pods (`mountPropagation`), nothing of it is seen in the
//! host, and it is all gone with the last process in it.

use anyhow::{Context as _, Result};
use rewind_tests::cluster::place::{NODE, Place, SECOND};
use rewind_tests::programs;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Directories of a node that are the cluster's own; pods find them by these paths.
const OWN: [&str; 6] =
    ["/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/rewind", "/var/log/containers", "/var/log/pods"];

/// Each is shared among the namespace's own pods, and with nothing else.
const MOUNT: &str = r#"
set -e
for path; do
    mount --bind "$node$path" "$path"
    mount --make-private "$path"
    mount --make-shared "$path"
done
[ "$own_bpf" = no ] && mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
"#;

/// Makes that of a node. What the second one pins is not seen on the first.
pub(super) fn create(place: &Place, node: &str) -> Result<()> {
    let mut made = String::new();
    for path in OWN {
        fs::create_dir_all(place.on(node, path))?;
        // A place to mount on, empty. Its parents are there on every Linux.
        if !Path::new(path).exists() {
            fs::create_dir(path).with_context(|| format!("cannot make {path}"))?;
            made.push_str(&format!("{path}\n"));
            fs::write(made_directories(place), &made)?;
        }
    }
    let pins = pins(place, node);
    fs::create_dir_all(&pins)?;
    // A namespace can be held by a mount that is private alone.
    programs::run(Command::new("mount").arg("--bind").arg(&pins).arg(&pins))?.success()?;
    programs::run(Command::new("mount").arg("--make-private").arg(&pins))?.success()?;
    File::create(pin(place, node))?;
    let mut unshare = Command::new("unshare");
    unshare.arg(format!("--mount={}", pin(place, node).display())).args(["--propagation", "shared", "--"]);
    unshare.args(["sh", "-c", MOUNT, "sh"]).args(OWN).env("node", place.dir().join(node));
    unshare.env("own_bpf", if node == NODE { "no" } else { "yes" });
    programs::run(&mut unshare)?.success().map(drop)
}

/// The same command, inside.
pub(super) fn inside(place: &Place, node: &str, command: &Command) -> Command {
    let mut nsenter = Command::new("nsenter");
    nsenter.arg(format!("--mount={}", pin(place, node).display()));
    if node == SECOND {
        nsenter.arg(format!("--net={}", network(place).display()));
    }
    nsenter.arg("--");
    nsenter.arg(command.get_program()).args(command.get_args());
    nsenter
}

/// Processes that live in one of them.
pub(super) fn processes(place: &Place) -> Vec<i32> {
    // Without a namespace it is a plain file.
    let own: Vec<_> = [NODE, SECOND].into_iter().filter_map(|node| namespace(&pin(place, node))).collect();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let tgids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_inside =
        |tgid: &i32| namespace(Path::new(&format!("/proc/{tgid}/ns/mnt"))).is_some_and(|ns| own.contains(&ns));
    tgids.filter(is_inside).collect()
}

/// Takes them away, after their last process.
pub(super) fn remove(place: &Place) -> Result<()> {
    let of = |node| [pin(place, node), pins(place, node)];
    for held in std::iter::once(network(place)).chain([NODE, SECOND].into_iter().flat_map(of)) {
        if is_mounted(&held)? {
            programs::run(Command::new("umount").arg(&held))?.success()?;
        }
    }
    for path in fs::read_to_string(made_directories(place)).unwrap_or_default().lines() {
        // Someone may have put something there meanwhile.
        let _ = fs::remove_dir(path);
    }
    Ok(())
}

/// Device and inode of a namespace.
fn namespace(path: &Path) -> Option<(u64, u64)> {
    let own = fs::metadata("/proc/self/ns/mnt").ok()?;
    let this = fs::metadata(path).ok()?;
    (this.dev() == own.dev()).then(|| (this.dev(), this.ino()))
}

fn is_mounted(path: &Path) -> Result<bool> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(table.lines().any(|line| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path)))
}

fn pins(place: &Place, node: &str) -> PathBuf {
    place.dir().join(format!("namespace-of-{node}"))
}

fn pin(place: &Place, node: &str) -> PathBuf {
    pins(place, node).join("mnt")
}

/// The network namespace of the second node.
pub(super) fn network(place: &Place) -> PathBuf {
    pins(place, SECOND).join("net")
}

fn made_directories(place: &Place) -> PathBuf {
    place.dir().join("directories.made")
}
