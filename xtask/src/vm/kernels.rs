//! Debian's kernels: which, from where, and kept by version outside the work tree.

use crate::command;
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::find;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A series of kernels, and what the recorder is expected to do there.
#[derive(Debug)]
pub(super) struct Kernel {
    /// The series, as Debian's package names begin.
    pub(super) name: &'static str,
    /// Where it comes from.
    suites: &'static [&'static str],
    records: bool,
}

/// Those that are booted: the oldest that records, the newest that Debian stable has, those on either
/// side where the verifier or what it offers is another, and one that cannot record.
pub(super) const ALL: [Kernel; 4] = [
    // No task storage (5.11), no fetching atomics (5.12).
    Kernel { name: "5.10", suites: &["debian bullseye", "debian-security bullseye-security"], records: false },
    Kernel { name: "6.1", suites: &["debian bookworm", "debian-security bookworm-security"], records: true },
    Kernel { name: "6.12", suites: &["debian trixie", "debian-security trixie-security"], records: true },
    Kernel { name: "6.18", suites: &["debian trixie-backports"], records: true },
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

    /// The newest of this series that is kept; where there is none, the newest that Debian has.
    pub(super) fn image(&self) -> Result<Image> {
        let cache = command::cache()?.join("kernels");
        if let Some(image) = self.kept(&cache) {
            return Ok(image);
        }
        eprintln!("vm: fetching a {} kernel (kept in {})", self.name, cache.display());
        let fetched = fetch(self, &cache).with_context(|| format!("fetching a {} kernel from Debian", self.name));
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

    /// Whether a release (`6.1.0-56-cloud-amd64`) is of this series.
    fn is_of(&self, release: &str) -> bool {
        release.strip_prefix(self.name).is_some_and(|rest| rest.starts_with('.')) && release.ends_with(FLAVOUR)
    }
}

/// Small, and boots without modules.
const FLAVOUR: &str = "-cloud-amd64";

fn unfinished(cache: &Path) -> PathBuf {
    cache.join(format!(".fetching-{}", std::process::id()))
}

/// Downloads and unpacks with a configuration of its own, whatever distribution this is.
fn fetch(kernel: &Kernel, cache: &Path) -> Result<()> {
    let dir = unfinished(cache);
    for sub in ["lists/partial", "cache/archives/partial", "unpacked"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    fs::write(dir.join("sources.list"), sources(kernel))?;
    let configured = |program: &str, arguments: &[&str]| configured(program, &dir, arguments);
    apt(configured("apt-get", &["update"]))?;
    let pattern = format!("^linux-image-{}\\..*{FLAVOUR}$", kernel.name.replace('.', "\\."));
    let found = command::output(&mut configured("apt-cache", &["--names-only", "search", &pattern]))?;
    let packages = found.lines().filter_map(|line| line.split(' ').next());
    let package = packages.max_by_key(|package| numbers(package)).context("Debian has none any more")?;
    let release = package.trim_start_matches("linux-image-").to_owned();
    apt(configured("apt-get", &["download", package]))?;
    let archive = fs::read_dir(&dir)?.flatten().map(|entry| entry.path());
    let archive = archive.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let archive = archive.context("apt-get has downloaded nothing")?;
    command::run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(dir.join("unpacked")))?;
    let image = dir.join("unpacked/boot").join(format!("vmlinuz-{release}"));
    let whole = dir.join("whole");
    fs::create_dir(&whole)?;
    fs::rename(&image, whole.join("vmlinuz")).with_context(|| format!("no {} in {package}", image.display()))?;
    // Whole, or not there. Another run may have been quicker.
    fs::rename(&whole, cache.join(&release))
        .or_else(|error| if cache.join(&release).is_dir() { Ok(()) } else { Err(error) })?;
    Ok(())
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

fn sources(kernel: &Kernel) -> String {
    let line = |suite: &&str| {
        let (archive, suite) = suite.split_once(' ').unwrap_or(("debian", suite));
        format!("deb [signed-by={KEYRING}] http://deb.debian.org/{archive} {suite} main\n")
    };
    kernel.suites.iter().map(line).collect()
}

fn configured(program: &str, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    for (option, value) in [
        ("Dir::Etc::SourceList", dir.join("sources.list")),
        ("Dir::Etc::SourceParts", "/dev/null".into()),
        ("Dir::State::lists", dir.join("lists")),
        ("Dir::Cache", dir.join("cache")),
        ("Acquire::Languages", "none".into()),
        // The directory is ours alone, not the user's that apt becomes for downloads.
        ("APT::Sandbox::User", "root".into()),
    ] {
        command.arg("-o").arg(format!("{option}={}", value.display()));
    }
    command.arg("-qq").args(arguments);
    command
}

/// The numbers in a name, in order: what makes 6.1.0-9 older than 6.1.0-56.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// Runs apt; what it prints is told only if it fails.
fn apt(mut command: Command) -> Result<()> {
    if find("apt-get").is_none() {
        bail!("this needs Debian's packages, and there is no apt-get here");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command::output(&mut command).map(drop)
}

/// A program, installed first if it is not there.
pub(super) fn program(name: &str, package: &str) -> Result<PathBuf> {
    if let Some(program) = find(name) {
        return Ok(program);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("please run this, and then this command again: sudo apt-get install {package}");
    }
    eprintln!("vm: installing {package}");
    let install = || {
        let mut install = Command::new("apt-get");
        install.args(["-qq", "install", "--yes", "--no-install-recommends", package]);
        apt(install)
    };
    install().or_else(|_| {
        let mut update = Command::new("apt-get");
        update.args(["-qq", "update"]);
        apt(update)?;
        install()
    })?;
    find(name).with_context(|| format!("{package} is installed, but {name} is not there"))
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
        Ok(())
    }

    #[test]
    fn the_newest_is_told_by_its_numbers() {
        assert!(numbers("6.1.0-56-cloud-amd64") > numbers("6.1.0-9-cloud-amd64"));
        assert!(numbers("6.18.15+deb13-cloud-amd64") > numbers("6.18.9+deb13-cloud-amd64"));
    }
}
