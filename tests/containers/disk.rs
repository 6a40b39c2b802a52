//! A disk that comes and goes while the agent looks.

use super::exported::SOON;
use super::host_metrics::{agent, of_host};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::collector::Collector;
use rewind_tests::eventually::eventually;
use rewind_tests::points::Point;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// One that kernels have not made beforehand.
const NUMBER: u32 = 57;
const NAME: &str = "loop57";
const BYTES: usize = 16 << 20;
/// `linux/loop.h`.
const LOOP_CTL_ADD: u32 = 0x4c80;
const LOOP_CTL_REMOVE: u32 = 0x4c81;

/// A loop device with a filesystem that is mounted.
struct Disk {
    device: PathBuf,
    point: PathBuf,
}

impl Disk {
    /// With so many bytes on it.
    fn new(dir: &TempDir, bytes: usize) -> Result<Self> {
        let (image, point) = (dir.path().join("image"), dir.path().join("mounted"));
        File::create(&image)?.set_len(64 << 20)?;
        fs::create_dir_all(&point)?;
        control(LOOP_CTL_ADD)?;
        let disk = Self { device: Path::new("/dev").join(NAME), point };
        let device = disk.device.display().to_string();
        done("losetup", &[&device, &image.display().to_string()])?;
        done("mkfs.ext4", &["-q", &device])?;
        done("mount", &[&device, &disk.point.display().to_string()])?;
        let mut file = File::create(disk.point.join("file"))?;
        file.write_all(&vec![7; bytes])?;
        file.sync_all()?;
        Ok(disk)
    }

    fn remove(self) -> Result<()> {
        drop(self);
        let left = fs::read_to_string("/proc/diskstats")?;
        ensure!(!left.contains(NAME), "it is there still: {left}");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let (device, point) = (self.device.display().to_string(), self.point.display().to_string());
        for undone in [done("umount", &[&point]), done("losetup", &["-d", &device]), control(LOOP_CTL_REMOVE)] {
            if let Err(error) = undone {
                eprintln!("taking {NAME} away: {error:#}");
            }
        }
    }
}

fn done(program: &str, arguments: &[&str]) -> Result<()> {
    let said = Command::new(program).args(arguments).output().with_context(|| format!("starting {program}"))?;
    ensure!(said.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

/// Adds the device, or takes it away: util-linux's `losetup` does so in its newest versions alone.
fn control(what: u32) -> Result<()> {
    let script = format!("import fcntl; fcntl.ioctl(open('/dev/loop-control', 'r+b', 0), {what}, {NUMBER})");
    done("python3", &["-c", &script])
}

pub(crate) fn comes_and_goes() -> Result<()> {
    let collector = Collector::start()?;
    let (agent, _config) = agent(&collector)?;
    let dir = tempfile::tempdir()?;
    let all = |name: &str, of: &[(&str, &str)]| -> Vec<Point> {
        of_host(&collector).0.into_iter().filter(|point| point.is_of(name, of)).collect()
    };
    let written = || all("system.disk.io", &[("device", NAME), ("direction", "write")]);
    let newest = || of_host(&collector).0.iter().map(|point| point.at_unix_ns).max().unwrap_or_default();

    let disk = Disk::new(&dir, BYTES)?;
    let mountpoint = disk.point.display().to_string();
    let usage = || all("system.filesystem.usage", &[("mountpoint", &mountpoint), ("state", "used")]);
    let is_whole = |point: &Point| point.number >= BYTES as f64;
    let first = eventually("what was written to it", SOON, || written().into_iter().rfind(is_whole))?;
    eventually("its filesystem", SOON, || usage().into_iter().rfind(is_whole))?;
    disk.remove()?;
    let gone_ns = newest();
    // What was under way tells of it still.
    eventually("the next looks", SOON, || (newest() > gone_ns + 3_000_000_000).then_some(()))?;
    let later =
        |points: Vec<Point>| points.into_iter().filter(|point| point.at_unix_ns > gone_ns + 2_000_000_000).count();
    ensure!((later(written()), later(usage())) == (0, 0), "it is gone: {:?} {:?}", written(), usage());

    // Another of that name counts from its own beginning on, as far as that can be seen: it has counted less.
    let disk = Disk::new(&dir, 1)?;
    let is_next = |point: &Point| point.at_unix_ns > gone_ns + 2_000_000_000;
    let second = eventually("what was written to the next", SOON, || written().into_iter().rfind(is_next))?;
    ensure!(second.number < BYTES as f64 && second.began_unix_ns >= first.at_unix_ns, "{first:?} {second:?}");
    disk.remove()?;
    let unread = agent.log().lines().filter(|line| line.contains(&mountpoint)).count();
    ensure!(unread <= 1, "a disk that went away is told once at most: {}", agent.log());
    agent.stop()
}
