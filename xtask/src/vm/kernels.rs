//! The kernels: which, from where, and kept by version outside the work tree.

use super::arch::Arch;
use super::archive::{Archive, Distribution, unfinished};
use crate::command;
use Arch::{Aarch64, X86_64};
use Distribution::{Debian, Ubuntu};
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A series of kernels, and what the recorder is expected to do there.
#[derive(Debug)]
pub(super) struct Kernel {
    /// What it is called here: its series, and its machine unless that is x86-64.
    pub(super) name: &'static str,
    /// The series, as names of packages begin.
    series: &'static str,
    /// What it runs on.
    pub(super) arch: Arch,
    /// Who made it.
    from: Distribution,
    /// Where it is.
    suites: &'static [&'static str],
    records: bool,
}

const fn kernel(name: &'static str, from: Distribution, suites: &'static [&'static str]) -> Kernel {
    Kernel { name, series: name, arch: X86_64, from, suites, records: true }
}

/// Those that are booted: the oldest that records, the newest that Debian stable has, those on either
/// side where the verifier or what it offers is another, one that cannot record, and of arm64 the
/// oldest and the newest.
pub(super) const ALL: [Kernel; 8] = [
    // No task storage (5.11), no fetching atomics (5.12).
    Kernel { records: false, ..kernel("5.10", Debian, &["debian bullseye", "debian-security bullseye-security"]) },
    // Its verifier forgets what it knew of a number that waits on the stack, and refuses stack that was not written.
    kernel("5.15", Ubuntu, &["ubuntu jammy", "ubuntu jammy-updates"]),
    kernel("6.1", Debian, &["debian bookworm", "debian-security bookworm-security"]),
    // Its OOM killer tells a number, not a task (until 6.9; Debian's 6.1 has the change too).
    kernel("6.8", Ubuntu, &["ubuntu noble"]),
    kernel("6.12", Debian, &["debian trixie", "debian-security trixie-security"]),
    kernel("6.18", Debian, &["debian trixie-backports"]),
    // The oldest of arm64 that is tried.
    Kernel {
        series: "6.1",
        arch: Aarch64,
        ..kernel("6.1-arm64", Debian, &["debian bookworm", "debian-security bookworm-security"])
    },
    Kernel {
        series: "6.12",
        arch: Aarch64,
        ..kernel("6.12-arm64", Debian, &["debian trixie", "debian-security trixie-security"])
    },
];

/// A kernel that can be booted.
pub(super) struct Image {
    pub(super) path: PathBuf,
    /// As `uname -r` gives it.
    pub(super) release: String,
}

/// The kernel of that series.
pub(super) fn by_name(name: &str) -> Result<&'static Kernel, String> {
    let known = || ALL.map(|kernel| kernel.name).join(", ");
    ALL.iter().find(|kernel| kernel.name == name).ok_or_else(|| format!("one of {}", known()))
}

impl Kernel {
    /// What `tests/vm/init` is to expect.
    pub(super) fn expected(&self) -> &'static str {
        if self.records { "records" } else { "refuses" }
    }

    /// The newest of this series that is kept; where there is none, the newest that can be had.
    pub(super) fn image(&self) -> Result<Image> {
        let cache = command::cache()?.join("kernels");
        if let Some(image) = self.kept(&cache) {
            return Ok(image);
        }
        eprintln!("vm: fetching a {} kernel (kept in {})", self.name, cache.display());
        let fetched =
            fetch(self, &cache).with_context(|| format!("fetching a {} kernel of {:?}", self.name, self.from));
        // What was half done is nobody's.
        let _ = fs::remove_dir_all(unfinished(&cache));
        fetched?;
        self.kept(&cache).with_context(|| format!("the package of the {} kernel holds none", self.name))
    }

    fn kept(&self, cache: &Path) -> Option<Image> {
        let names = fs::read_dir(cache).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let release = names.filter(|name| self.is_of(name)).max_by_key(|name| numbers(name))?;
        let path = cache.join(&release).join("vmlinuz");
        path.is_file().then_some(Image { path, release })
    }

    fn flavour(&self) -> &'static str {
        self.from.flavour(self.arch)
    }

    /// Whether a release (`6.1.0-56-cloud-amd64`) is of this series.
    fn is_of(&self, release: &str) -> bool {
        release.strip_prefix(self.series).is_some_and(|rest| rest.starts_with('.')) && release.ends_with(self.flavour())
    }
}

/// Puts the newest kernel of a series into the cache.
fn fetch(kernel: &Kernel, cache: &Path) -> Result<()> {
    let dir = unfinished(cache);
    let archive = Archive::open(kernel.from, kernel.arch, kernel.suites, &dir)?;
    let pattern = format!("^linux-image-{}\\..*{}$", kernel.series.replace('.', "\\."), kernel.flavour());
    let packages = archive.search(&pattern)?;
    let package = packages.iter().max_by_key(|package| numbers(package)).context("there is none any more")?;
    let release = package.trim_start_matches("linux-image-");
    let image = archive.unpack(package)?.join("boot").join(format!("vmlinuz-{release}"));
    let whole = dir.join("whole");
    fs::create_dir(&whole)?;
    fs::rename(&image, whole.join("vmlinuz")).with_context(|| format!("no {} in {package}", image.display()))?;
    // Whole, or not there. Another run may have been quicker.
    fs::rename(&whole, cache.join(release))
        .or_else(|error| if cache.join(release).is_dir() { Ok(()) } else { Err(error) })?;
    Ok(())
}

/// The numbers in a name, in order: what makes 6.1.0-9 older than 6.1.0-56.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_not_the_one_whose_number_begins_alike() -> Result<(), String> {
        let kernel = by_name("6.1")?;
        assert!(kernel.is_of("6.1.0-56-cloud-amd64"));
        assert!(!kernel.is_of("6.12.117+deb12-cloud-amd64") && !kernel.is_of("6.1.0-56-amd64"));
        assert!(by_name("6").is_err());
        assert!(by_name("6.8")?.is_of("6.8.0-31-generic") && !kernel.is_of("6.1.0-31-generic"));
        Ok(())
    }

    #[test]
    fn a_kernel_of_one_machine_is_not_taken_for_that_of_another() -> Result<(), String> {
        let (here, arm) = (by_name("6.1")?, by_name("6.1-arm64")?);
        assert!(arm.is_of("6.1.0-56-cloud-arm64") && !here.is_of("6.1.0-56-cloud-arm64"));
        assert!(!arm.is_of("6.1.0-56-cloud-amd64") && !arm.is_of("6.12.117+deb13-cloud-arm64"));
        Ok(())
    }

    #[test]
    fn the_newest_is_told_by_its_numbers() {
        assert!(numbers("6.1.0-56-cloud-amd64") > numbers("6.1.0-9-cloud-amd64"));
        assert!(numbers("6.18.15+deb13-cloud-amd64") > numbers("6.18.9+deb13-cloud-amd64"));
    }
}
