//! Containers that make no call while the recorder begins: they hang, or have nothing to do. A ring begins
//! with a call, so for those that are blocked in one already it is begun here.
//!
//! A container that only waits for a signal, as the `pause` of each pod does, gets none before its first
//! call: there is nothing to find out about it, and a node has one for each pod. And all of them together
//! get a quarter of the memory at most: what works needs the rest.

use super::{Config, Error, Scope};
use crate::kernel::Kernel;
use crate::rings::in_progress::{self, Blocked};
use rewind_common::ring::CALL_SHARES;
use rewind_common::ring::cgroup_state::OPEN;
use rewind_recording::syscalls::{self, Arch};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How deep directories of cgroups are followed.
const DEPTH: usize = 32;

/// Begins the recordings of all cgroups that are to be recorded and have a thread that is blocked in a call.
///
/// # Errors
/// [`Error::Kernel`]. Directories that vanish while they are looked at are passed over.
pub(super) fn begin(kernel: &mut Kernel, config: &Config, arch: Arch) -> Result<(), Error> {
    let Scope::Rule(rule) = &config.scope else { return Ok(()) };
    let mut rings = kernel.sizes.segments as usize / CALL_SHARES / 4;
    let mut left = vec![(config.cgroup_mount.clone(), String::new(), 0, 0)];
    // Those above before those below, which then share their ring.
    while let Some((dir, path, depth, above)) = left.pop() {
        let Ok(cgroup) = fs::metadata(&dir) else { continue };
        // One without an entry is as the nearest above it that has one.
        let entered = if kernel.cgroup(cgroup.ino())?.is_some() { cgroup.ino() } else { above };
        if rule.state(&path) == OPEN && is_blocked(&dir, arch) {
            if rings == 0 {
                tracing::warn!(
                    cgroup = path,
                    "too little memory for containers that make no call: recorded from the next call on"
                );
                return Ok(());
            }
            rings -= 1;
            kernel.begin(entered)?;
        }
        let entries = fs::read_dir(&dir).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.filter(|entry| depth < DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            if let Ok(name) = entry.file_name().into_string() {
                left.push((entry.path(), format!("{path}/{name}"), depth + 1, entered));
            }
        }
    }
    Ok(())
}

/// Whether a thread of a cgroup is blocked in a call that is worth a recording.
fn is_blocked(dir: &Path, arch: Arch) -> bool {
    let threads = fs::read_to_string(dir.join("cgroup.threads")).unwrap_or_default();
    let tids = threads.lines().filter(|line| line.bytes().all(|byte| byte.is_ascii_digit()));
    let mut calls = tids.filter_map(|tid| in_progress::blocked(Path::new("/proc").join(tid)));
    calls.any(|call| !only_a_signal_ends_it(&call, arch))
}

/// `pause`, which is a `ppoll` of nothing where there is none.
fn only_a_signal_ends_it(call: &Blocked, arch: Arch) -> bool {
    let row = u16::try_from(call.nr).ok().and_then(|nr| syscalls::by_number(arch, nr));
    match row.map(|row| row.name) {
        Some("pause") => true,
        Some("ppoll") => call.args[1] == 0 && call.args[2] == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_no_reason_to_record() {
        let call = |nr, args| only_a_signal_ends_it(&Blocked { nr, args }, Arch::X86_64);
        assert!(call(34, [1, 2, 3, 4, 5, 6]));
        assert!(call(271, [0; 6]) && !call(271, [0x7000, 1, 0, 0, 8, 0]));
        assert!(!call(0, [0; 6]) && !call(1 << 20, [0; 6]));
        assert!(only_a_signal_ends_it(&Blocked { nr: 73, args: [0; 6] }, Arch::Aarch64));
    }
}
