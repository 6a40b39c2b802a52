//! Tells the kernel side what is to happen with the cgroups that are there already.

use super::main_process;
use super::map::Mapped;
use crate::kernel::{Error, Kernel};
use rewind_common::ring::{Cgroup, PATH_BYTES, cgroup_state};
use rewind_recording::escape;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How deep directories of cgroups are followed.
const DEPTH: u32 = 32;

/// Registers all cgroups below `mount` with the state that `rule` gives for their path. What the
/// kernel side has learnt itself meanwhile stays.
///
/// # Errors
/// [`Error::Map`]. Directories that vanish while they are looked at are passed over.
pub fn register(kernel: &mut Kernel, mapped: &Mapped, mount: &Path, rule: &dyn Fn(&str) -> u32) -> Result<(), Error> {
    let Ok(root) = fs::metadata(mount) else { return Ok(()) };
    one(kernel, mapped, mount, root.ino(), 0, "/", rule)?;
    below(kernel, mapped, mount, root.ino(), "", rule, DEPTH)
}

fn below(
    kernel: &mut Kernel,
    mapped: &Mapped,
    dir: &Path,
    parent: u64,
    path: &str,
    rule: &dyn Fn(&str) -> u32,
    depth: u32,
) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let Ok(metadata) = entry.metadata() else { continue };
        let path = format!("{path}/{}", escape::text(entry.file_name().as_bytes()));
        one(kernel, mapped, &entry.path(), metadata.ino(), parent, &path, rule)?;
        // Removed since it was listed? Then its hook may have run before it was registered, and no
        // other will; if it is removed from now on, the hook forgets it.
        if !entry.path().exists() {
            kernel.drop_cgroup(metadata.ino())?;
            continue;
        }
        if depth > 0 {
            below(kernel, mapped, &entry.path(), metadata.ino(), &path, rule, depth - 1)?;
        }
    }
    Ok(())
}

fn one(
    kernel: &mut Kernel,
    mapped: &Mapped,
    dir: &Path,
    cgroup_id: u64,
    parent: u64,
    path: &str,
    rule: &dyn Fn(&str) -> u32,
) -> Result<(), Error> {
    let state = rule(path);
    if state == cgroup_state::OPEN {
        kernel.set_path(cgroup_id, &path_bytes(path))?;
        mapped.set_cgroup_bit(cgroup_id);
    }
    let main_tgid = if state == cgroup_state::OPEN { main_process::of(dir) } else { 0 };
    kernel.set_cgroup(cgroup_id, Cgroup { state, ring: 0, parent, main_tgid, reserved: 0 })
}

/// A path as the kernel side keeps it: ended by a NUL, cut where it is too long.
fn path_bytes(path: &str) -> [u8; PATH_BYTES] {
    let mut bytes = [0; PATH_BYTES];
    for (to, from) in bytes.iter_mut().take(PATH_BYTES - 1).zip(escape::bytes(path).iter()) {
        *to = *from;
    }
    bytes
}
