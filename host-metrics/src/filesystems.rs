//! Mounted filesystems: how full they are (`statvfs(3)`), and how many inodes they have left.
//!
//! Pseudo filesystems are left out by rule: those that the kernel can mount without a device (`nodev` in
//! `/proc/filesystems`), but for ZFS, which finds its devices itself. So are those of the network, and FUSE's, whose
//! servers may not answer. What is mounted twice is told once, where its root is, at the shortest path: a kubelet mounts
//! directories of volumes again and again.

use crate::reading::{Reading, Unread};
use crate::roots::Roots;
use crate::text::unescaped;
use procfs::process::MountInfo;
use rewind_otlp::metric::sheet::{Sheet, value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, PoisonError};

/// Who may wait for mounts that do not answer, at most: each holds a thread.
const MAX_WAITING: usize = 2;

/// A mounted filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its device.
    pub device: String,
    /// Where it is mounted.
    pub point: String,
    /// Its type.
    pub kind: String,
    /// Whether nothing can be written there.
    pub is_read_only: bool,
}

/// How full one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which.
    pub mount: Mount,
    /// Bytes in use.
    pub used: u64,
    /// Bytes that everybody may use.
    pub free: u64,
    /// Bytes that root alone may use.
    pub reserved: u64,
    /// Inodes in use, and free ones; `None`: it makes them as it needs them.
    pub inodes: Option<(u64, u64)>,
}

/// Mounts worth telling, of the texts of `/proc/1/mountinfo` and `/proc/filesystems`.
#[must_use]
pub fn mounts(mountinfo: &str, filesystems: &str) -> Vec<Mount> {
    let with_device = filesystems.lines().filter(|line| !line.starts_with("nodev")).map(str::trim);
    let kinds: BTreeSet<_> = with_device.chain(["zfs"]).collect();
    // Later ones hide earlier ones at the same point.
    let lines = mountinfo.lines().filter_map(|line| MountInfo::from_line(line).ok());
    let at_points: BTreeMap<_, _> = lines.map(|mount| (mount.mount_point.clone(), mount)).collect();
    let mut of_devices = BTreeMap::<String, MountInfo>::new();
    let rank = |mount: &MountInfo| (mount.root != "/", mount.mount_point.as_os_str().len());
    for mount in at_points.into_values().filter(|mount| kinds.contains(mount.fs_type.as_str())) {
        match of_devices.get(&mount.majmin) {
            Some(other) if rank(other) <= rank(&mount) => {}
            _ => drop(of_devices.insert(mount.majmin.clone(), mount)),
        }
    }
    of_devices.into_values().map(Mount::of).collect()
}

impl Mount {
    fn of(info: MountInfo) -> Self {
        let is_read_only = [&info.mount_options, &info.super_options].iter().any(|options| options.contains_key("ro"));
        Self {
            device: unescaped(&info.mount_source.unwrap_or_default()),
            point: unescaped(&info.mount_point.to_string_lossy()),
            kind: info.fs_type,
            is_read_only,
        }
    }

    /// # Errors
    /// The kernel's.
    fn usage(self, roots: &Roots) -> Result<Usage, (Self, rustix::io::Errno)> {
        let stat = match rustix::fs::statvfs(roots.at(self.point.as_ref())) {
            Ok(stat) => stat,
            Err(error) => return Err((self, error)),
        };
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        let (used, free) = (bytes(stat.f_blocks.saturating_sub(stat.f_bfree)), bytes(stat.f_bavail));
        let reserved = bytes(stat.f_bfree.saturating_sub(stat.f_bavail));
        let inodes = (stat.f_files > 0).then(|| (stat.f_files.saturating_sub(stat.f_ffree), stat.f_ffree));
        Ok(Usage { mount: self, used, free, reserved, inodes })
    }
}

/// Looks at mounted filesystems. One that does not answer holds the thread that looks, for ever maybe: who looks next
/// passes it over, until it answers.
#[derive(Debug)]
pub struct Filesystems {
    roots: Roots,
    waiting: Mutex<BTreeSet<String>>,
}

impl Filesystems {
    /// Those of a host.
    #[must_use]
    pub const fn new(roots: Roots) -> Self {
        Self { roots, waiting: Mutex::new(BTreeSet::new()) }
    }

    /// How full each is, and what could not be read. May not return.
    pub fn look(&self) -> (Vec<Usage>, Vec<Unread>) {
        let mut reading = Reading::new(&self.roots);
        // Told once, not for each mount.
        if let Err(error) = fs::metadata(&self.roots.root) {
            reading.unread(&self.roots.root.display().to_string(), error);
            return (Vec::new(), reading.unread);
        }
        let kinds = reading.proc("filesystems", |text| Some(text.to_owned()));
        let found = kinds.and_then(|kinds| reading.proc("1/mountinfo", |text| Some(mounts(text, &kinds))));
        let mut usages = Vec::new();
        for mount in found.unwrap_or_default() {
            let point = mount.point.clone();
            if !self.begins(&point) {
                reading.unread(&point, "it does not answer");
                continue;
            }
            match mount.usage(&self.roots) {
                Ok(usage) => usages.push(usage),
                Err((mount, error)) => reading.unread(&mount.point, error),
            }
            self.with_waiting(|waiting| waiting.remove(&point));
        }
        (usages, reading.unread)
    }

    /// Who may not answer, as of now.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.with_waiting(|waiting| waiting.iter().cloned().collect())
    }

    /// Whether nobody looks at it now, and few enough at others.
    fn begins(&self, point: &str) -> bool {
        self.with_waiting(|waiting| waiting.len() < MAX_WAITING && waiting.insert(point.to_owned()))
    }

    fn with_waiting<T>(&self, change: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) fn metrics(usages: &[Usage], sheet: &mut Sheet<'_>) {
    let named = |mount: &'_ Mount| -> [(&'static str, String); 4] {
        let mode = if mount.is_read_only { "ro" } else { "rw" };
        [
            ("device", mount.device.clone()),
            ("mode", mode.to_owned()),
            ("mountpoint", mount.point.clone()),
            ("type", mount.kind.clone()),
        ]
    };
    let all: Vec<_> = usages.iter().map(|usage| (usage, named(&usage.mount))).collect();
    let (mut bytes, mut parts, mut inodes) = (Vec::new(), Vec::new(), Vec::new());
    for (usage, named) in &all {
        let own: Vec<_> = named.iter().map(|(key, text)| (*key, text.as_str())).collect();
        let of = |number: u64, state: &'static str| value(number, &[own.as_slice(), &[("state", state)]].concat());
        let states = [(usage.used, "used"), (usage.free, "free"), (usage.reserved, "reserved")];
        bytes.extend(states.map(|(number, state)| of(number, state)));
        let whole = usage.used.saturating_add(usage.free);
        parts.extend((whole > 0).then(|| value(usage.used as f64 / whole as f64, &own)));
        inodes.extend(usage.inodes.map(|(used, free)| [of(used, "used"), of(free, "free")]).into_iter().flatten());
    }
    sheet.up_down("system.filesystem.usage", "By", "Bytes of filesystems by state", bytes);
    let description = "Used part of what everybody may use";
    sheet.gauge("system.filesystem.utilization", "1", description, parts);
    sheet.up_down("system.filesystem.inodes.usage", "{inodes}", "Inodes of filesystems by state", inodes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &str = "nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\nnodev\tzfs\nnodev\tnfs4\n\text4\n\txfs\n";

    fn points(mountinfo: &str) -> Vec<String> {
        mounts(mountinfo, KINDS).into_iter().map(|mount| format!("{} {}", mount.device, mount.point)).collect()
    }

    #[test]
    fn pseudo_filesystems_and_those_of_the_network_are_left_out() {
        let text = "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
                    25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw\n\
                    27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n\
                    28 27 0:50 / /net rw - nfs4 server:/ rw\n\
                    29 27 0:51 / /var/lib/x/merged rw - overlay overlay rw\n\
                    30 27 0:52 / /tank rw - zfs tank rw\n\
                    short line\n";
        assert_eq!(points(text), ["tank /tank", "/dev/vda /"]);
    }

    #[test]
    fn what_is_mounted_twice_is_told_once_where_its_root_is() {
        let text = "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
                    28 27 254:0 /home /h rw - ext4 /dev/vda rw\n\
                    40 27 8:1 /sub /a rw - xfs /dev/sda1 rw\n\
                    41 27 8:1 / /data/volume rw - xfs /dev/sda1 rw\n\
                    42 27 8:1 / /mnt/my\\040disk rw - xfs /dev/sda1 rw\n\
                    43 27 8:2 /only/part /b rw - xfs /dev/sda2 rw\n";
        assert_eq!(points(text), ["/dev/vda /", "/dev/sda1 /data/volume", "/dev/sda2 /b"]);
    }

    #[test]
    fn a_mount_that_is_hidden_by_another_is_not_told() {
        let text = "40 27 8:1 / /a rw - xfs /dev/sda1 rw\n41 27 8:2 / /a ro - xfs /dev/sda2 rw\n";
        let [mount] = &mounts(text, KINDS)[..] else { panic!("not one") };
        assert_eq!((mount.device.as_str(), mount.is_read_only), ("/dev/sda2", true));
    }

    #[test]
    fn one_that_does_not_answer_is_passed_over_until_it_does() {
        let filesystems = Filesystems::new(Roots::of("/proc".as_ref(), None));
        assert!(filesystems.begins("/stuck") && !filesystems.begins("/stuck") && filesystems.begins("/other"));
        assert!(!filesystems.begins("/third"), "few threads wait");
        filesystems.with_waiting(|waiting| waiting.remove("/other"));
        assert!(filesystems.begins("/third"));
        assert_eq!(filesystems.waiting(), ["/stuck", "/third"]);
    }

    #[test]
    fn a_mount_that_is_gone_is_told_and_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("proc/1")).unwrap();
        let line = |at: &str, device: &str| format!("1 1 {device} / {at} rw - ext4 /dev/x rw\n");
        std::fs::write(dir.path().join("proc/filesystems"), KINDS).unwrap();
        std::fs::write(dir.path().join("proc/1/mountinfo"), line("/gone", "8:1") + &line("/proc/1", "8:2")).unwrap();
        let roots = Roots { proc: dir.path().join("proc"), sys: "/sys".into(), root: dir.path().to_owned() };
        let (usages, unread) = Filesystems::new(roots).look();
        assert_eq!(usages.iter().map(|usage| usage.mount.point.as_str()).collect::<Vec<_>>(), ["/proc/1"]);
        assert_eq!(unread.iter().map(|unread| unread.what.as_str()).collect::<Vec<_>>(), ["/gone"]);
    }
}
