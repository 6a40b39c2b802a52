//! Where cgroups are mounted: v2, and v1's controllers (`cgroups(7)`).
//!
//! A controller is in one hierarchy: where v1 has none of it, it is v2's. Beside v1 (the hybrid layout) v2 has no
//! controllers, and yet tells CPU time and pressure.

use rewind_host_metrics::text::unescaped;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A controller of v1 whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Controller {
    Cpu,
    Cpuacct,
    Memory,
    Blkio,
    Pids,
}

const CONTROLLERS: [(&str, Controller); 5] = [
    ("cpu", Controller::Cpu),
    ("cpuacct", Controller::Cpuacct),
    ("memory", Controller::Memory),
    ("blkio", Controller::Blkio),
    ("pids", Controller::Pids),
];

/// Where cgroups are mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hierarchies {
    /// Of v2.
    pub(crate) unified: Option<Mount>,
    pub(crate) v1: BTreeMap<Controller, Mount>,
    /// Where devices have their names.
    pub(crate) sys: PathBuf,
}

/// A mount of a hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    point: PathBuf,
    /// Which part of the hierarchy it shows.
    root: PathBuf,
}

impl Hierarchies {
    /// By the text of a process' `mountinfo`, and where its root directory is: `/` of the own one, `/proc/1/root` of the
    /// host's first.
    #[must_use]
    pub fn read(mountinfo: &str, root: &Path) -> Self {
        let mut found = Self { sys: root.join("sys"), ..Self::default() };
        for line in mountinfo.lines() {
            let Some((mount, kind, options)) = Mount::read(line, root) else { continue };
            match kind {
                "cgroup2" => mount.if_better_than(&found.unified).into_iter().for_each(|it| found.unified = Some(it)),
                "cgroup" => {
                    let has = |(name, _): &&(&str, _)| options.split(',').any(|option| option == *name);
                    for (_, controller) in CONTROLLERS.iter().filter(has) {
                        let better = mount.clone().if_better_than(&found.v1.get(controller).cloned());
                        found.v1.extend(better.map(|mount| (*controller, mount)));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The same with v2 mounted there, all of it.
    #[must_use]
    pub fn with_unified(self, point: &Path) -> Self {
        Self { unified: Some(Mount { point: point.to_owned(), root: "/".into() }), ..self }
    }

    /// Whether v1 has controllers beside v2 or without it.
    #[must_use]
    pub fn has_v1(&self) -> bool {
        !self.v1.is_empty()
    }
}

impl Mount {
    /// A line of `mountinfo`, its type, and the options of its hierarchy (`proc_pid_mountinfo(5)`).
    fn read<'t>(line: &'t str, of_process: &Path) -> Option<(Self, &'t str, &'t str)> {
        let (own, of_hierarchy) = line.split_once(" - ")?;
        let mut own = own.split(' ').skip(3);
        let (root, point) = (unescaped(own.next()?), unescaped(own.next()?));
        let mut of_hierarchy = of_hierarchy.split(' ');
        let (kind, options) = (of_hierarchy.next()?, of_hierarchy.nth(1)?);
        let point = of_process.join(inside(Path::new(&point))?);
        Some((Self { point, root: root.into() }, kind, options))
    }

    /// Unless the other one shows more, or is at a more usual place.
    fn if_better_than(self, other: &Option<Self>) -> Option<Self> {
        let rank = |mount: &Self| (mount.shows_all(), mount.root.starts_with("/.."), mount.is_usual());
        let is_better = other.as_ref().is_none_or(|other| rank(&self) >= rank(other));
        is_better.then_some(self)
    }

    fn is_usual(&self) -> bool {
        self.point.ancestors().take(2).any(|path| path.ends_with("sys/fs/cgroup"))
    }

    /// From a cgroup namespace below, a hierarchy's root is `/..`, as often as the namespace is deep; `/` is that of the
    /// namespace then, which shows less.
    fn shows_all(&self) -> bool {
        self.root.components().all(|part| matches!(part, Component::RootDir | Component::ParentDir))
    }

    /// The directory of a cgroup by its path in the whole hierarchy; `None`: the mount does not show it.
    pub(crate) fn at(&self, path: &Path) -> Option<PathBuf> {
        let path = if self.shows_all() { path } else { path.strip_prefix(inside(&self.root)?).ok()? };
        Some(self.point.join(path))
    }
}

/// A path without the slash at its beginning; `None`: it goes up somewhere.
pub(crate) fn inside(path: &Path) -> Option<&Path> {
    let path = path.strip_prefix("/").unwrap_or(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                          32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:3 - cgroup cgroup rw,cpu,cpuacct\n\
                          35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                          40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
                          41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    fn directory(mount: Option<&Mount>, path: &str) -> Option<String> {
        Some(mount?.at(Path::new(path))?.to_string_lossy().into_owned())
    }

    #[test]
    fn v2_and_controllers_of_v1_are_found_where_they_are_mounted() {
        let v2 = Hierarchies::read(V2, Path::new("/"));
        assert_eq!(directory(v2.unified.as_ref(), "a/b").as_deref(), Some("/sys/fs/cgroup/a/b"));
        assert!(!v2.has_v1());
        let hybrid = Hierarchies::read(HYBRID, Path::new("/proc/1/root"));
        let of = |controller| directory(hybrid.v1.get(&controller), "a");
        assert_eq!(of(Controller::Cpu).as_deref(), Some("/proc/1/root/sys/fs/cgroup/cpu,cpuacct/a"));
        assert_eq!((of(Controller::Cpuacct), of(Controller::Pids)), (of(Controller::Cpu), None));
        assert_eq!(hybrid.v1.len(), 3);
        let unified = directory(hybrid.unified.as_ref(), "a");
        assert_eq!(unified.as_deref(), Some("/proc/1/root/sys/fs/cgroup/unified/a"));
    }

    #[test]
    fn a_mount_that_shows_all_goes_before_one_that_shows_a_part() {
        let part = "50 23 0:30 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        let only = Hierarchies::read(part, Path::new("/"));
        assert_eq!(directory(only.unified.as_ref(), "docker/x/y").as_deref(), Some("/sys/fs/cgroup/y"));
        assert_eq!(directory(only.unified.as_ref(), "docker/other"), None);
        let host = "51 23 0:30 /../../.. /host\\040cgroup ro - cgroup2 cgroup rw\n";
        let namespaces = "52 23 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        for both in [format!("{part}{host}{namespaces}"), format!("{host}{part}")] {
            let found = Hierarchies::read(&both, Path::new("/")).unified;
            assert_eq!(directory(found.as_ref(), "a").as_deref(), Some("/host cgroup/a"));
        }
        let given = only.with_unified(Path::new("/c"));
        assert_eq!(directory(given.unified.as_ref(), "a").as_deref(), Some("/c/a"));
    }

    #[test]
    fn a_path_that_goes_up_is_in_no_hierarchy() {
        assert_eq!(inside(Path::new("/a/b")), Some(Path::new("a/b")));
        assert_eq!(inside(Path::new("/")), Some(Path::new("")));
        for out in ["..", "/..", "a/../../b", "/a/..", "//../a", "./a"] {
            assert_eq!(inside(Path::new(out)), None, "{out}");
        }
        assert_eq!(inside(Path::new("/..a/b..")), Some(Path::new("..a/b..")));
    }
}
