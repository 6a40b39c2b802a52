//! Where cgroup v2 is mounted, and how much of it can be seen (`cgroups(7)`, `proc_pid_mountinfo(5)`).

use procfs::process::MountInfo;
use std::path::{Component, Path, PathBuf};

/// How the host's cgroups are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// cgroup2 is mounted.
    V2 {
        /// Where.
        mount: PathBuf,
        /// v1 hierarchies are mounted too (the hybrid layout).
        hybrid: bool,
        /// The mount shows the whole hierarchy, not a part of it.
        whole: bool,
    },
    /// v1 hierarchies alone.
    V1Only,
    /// No cgroups are mounted where this process can see them.
    None,
}

/// Reads the layout off the mounts. `in_namespace`: this process has a cgroup namespace of its own,
/// so that the root of a mount is told relative to it.
#[must_use]
pub(crate) fn layout<'a>(mounts: impl Iterator<Item = &'a MountInfo> + Clone, in_namespace: bool) -> Layout {
    let v2 = mounts.clone().filter(|mount| mount.fs_type == "cgroup2");
    let hybrid = mounts.clone().any(|mount| mount.fs_type == "cgroup");
    let best = v2.max_by_key(|mount| (shows_all(&mount.root, in_namespace), is_usual(&mount.mount_point)));
    match best {
        Some(mount) => {
            Layout::V2 { mount: mount.mount_point.clone(), hybrid, whole: shows_all(&mount.root, in_namespace) }
        }
        None if hybrid => Layout::V1Only,
        None => Layout::None,
    }
}

/// Seen from a namespace below, the hierarchy's root is `/..`, as often as the namespace is deep.
/// How deep that is cannot be seen from within, so any such root is taken as the whole.
fn shows_all(root: &str, in_namespace: bool) -> bool {
    let mut ups = Path::new(root).components().filter(|part| *part != Component::RootDir).peekable();
    match (in_namespace, ups.peek()) {
        (false, first) => first.is_none(),
        (true, None) => false,
        (true, Some(_)) => ups.all(|part| part == Component::ParentDir),
    }
}

fn is_usual(mount_point: &Path) -> bool {
    mount_point == Path::new("/sys/fs/cgroup") || mount_point == Path::new("/sys/fs/cgroup/unified")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;
    use procfs::FromRead;
    use procfs::process::MountInfos;

    #[track_caller]
    fn read(text: &str, in_namespace: bool) -> Layout {
        layout(MountInfos::from_read(text.as_bytes()).expect("mountinfo").0.iter(), in_namespace)
    }

    fn v2(mount: &str, hybrid: bool, whole: bool) -> Layout {
        Layout::V2 { mount: PathBuf::from(mount), hybrid, whole }
    }

    const V1: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

    #[test]
    fn unified_hybrid_and_v1_hosts_are_told_apart() {
        assert_eq!(
            read("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", false),
            v2("/sys/fs/cgroup", false, true)
        );
        let hybrid = format!("{V1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        assert_eq!(read(&hybrid, false), v2("/sys/fs/cgroup/unified", true, true));
        assert_eq!(read(V1, false), Layout::V1Only);
        assert_eq!(read("27 1 254:0 / / rw - ext4 /dev/vda rw\n", false), Layout::None);
    }

    #[test]
    fn a_containers_view_is_partial_and_the_hosts_mount_in_it_is_whole() {
        let own = "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        assert_eq!(read(own, true), v2("/sys/fs/cgroup", false, false));
        let both = format!("{own}50 23 0:26 /../../../.. /host/cgroup ro - cgroup2 cgroup rw\n");
        assert_eq!(read(&both, true), v2("/host/cgroup", false, true));
        assert_eq!(
            read("30 23 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n", false),
            v2("/sys/fs/cgroup", false, false)
        );
    }

    #[test]
    fn the_usual_place_is_preferred_among_several() {
        let twice = "30 23 0:26 / /mnt/c rw - cgroup2 none rw\n31 23 0:26 / /sys/fs/cgroup rw - cgroup2 none rw\n\
                     32 23 0:26 / /run/c rw - cgroup2 none rw\n";
        assert_eq!(read(twice, false), v2("/sys/fs/cgroup", false, true));
    }
}
