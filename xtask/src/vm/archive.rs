//! Packages of Debian and Ubuntu, downloaded and unpacked with a configuration of apt of their own, whatever
//! distribution this is.

use super::arch::Arch;
use crate::command;
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::find;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    Debian,
    Ubuntu,
}

impl Distribution {
    /// Ends the names of its kernels that boot without modules.
    pub(super) const fn flavour(self, arch: Arch) -> &'static str {
        match (self, arch) {
            (Self::Debian, Arch::X86_64) => "-cloud-amd64",
            (Self::Debian, Arch::Aarch64) => "-cloud-arm64",
            (Self::Ubuntu, _) => "-generic",
        }
    }

    const fn server(self, arch: Arch) -> &'static str {
        match (self, arch) {
            (Self::Debian, _) => "http://deb.debian.org",
            (Self::Ubuntu, Arch::X86_64) => "http://archive.ubuntu.com",
            (Self::Ubuntu, Arch::Aarch64) => "http://ports.ubuntu.com",
        }
    }

    /// What its packages are signed with. Ubuntu's keys are a package of Debian's.
    fn keyring(self, arch: Arch, dir: &Path) -> Result<PathBuf> {
        let keyrings = Path::new("/usr/share/keyrings");
        let (debian, ubuntu) = ("debian-archive-keyring.gpg", "ubuntu-archive-keyring.gpg");
        let keyring = match self {
            Self::Debian => keyrings.join(debian),
            Self::Ubuntu if keyrings.join(ubuntu).is_file() => keyrings.join(ubuntu),
            Self::Ubuntu => {
                let debian = Archive::open(Self::Debian, arch, &["debian trixie"], &dir.join("keys"))?;
                debian.unpack("ubuntu-keyring")?.join("usr/share/keyrings").join(ubuntu)
            }
        };
        if keyring.is_file() { Ok(keyring) } else { bail!("there is no {}", keyring.display()) }
    }
}

/// Some suites of a distribution, for a kind of machine.
pub(super) struct Archive {
    arch: Arch,
    dir: PathBuf,
}

impl Archive {
    /// What is in the suites (`archive suite`) now; all that is needed for it is kept in `dir`.
    pub(super) fn open(from: Distribution, arch: Arch, suites: &[&str], dir: &Path) -> Result<Self> {
        let keyring = from.keyring(arch, dir)?;
        let archive = Self { arch, dir: dir.to_owned() };
        for sub in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(sub))?;
        }
        let source =
            |suite: &&str| format!("deb [signed-by={}] {}/{suite} main\n", keyring.display(), from.server(arch));
        let sources: String = suites.iter().map(source).collect();
        fs::write(dir.join("sources.list"), sources)?;
        apt(archive.configured("apt-get", &["update"]))?;
        Ok(archive)
    }

    /// Names of packages that match a regular expression.
    pub(super) fn search(&self, pattern: &str) -> Result<Vec<String>> {
        let found = command::output(&mut self.configured("apt-cache", &["--names-only", "search", pattern]))?;
        Ok(found.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
    }

    /// The versions of a package that are there.
    pub(super) fn versions(&self, package: &str) -> Result<Vec<String>> {
        let found = command::output(&mut self.configured("apt-cache", &["madison", package]))?;
        Ok(found.lines().filter_map(|line| line.split('|').nth(1)).map(|version| version.trim().to_owned()).collect())
    }

    /// Downloads a package (`name` or `name=version`); the directory that its files are in.
    pub(super) fn unpack(&self, package: &str) -> Result<PathBuf> {
        apt(self.configured("apt-get", &["download", package]))?;
        let start = format!("{}_", package.split('=').next().unwrap_or(package));
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start));
        let downloaded = fs::read_dir(&self.dir)?.flatten().map(|entry| entry.path()).find(is_it);
        let unpacked = self.dir.join("unpacked");
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("-x").arg(downloaded.context("apt-get has downloaded nothing")?).arg(&unpacked);
        command::run(&mut unpack)?;
        Ok(unpacked)
    }

    fn configured(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.dir);
        for (option, value) in [
            ("Dir::Etc::SourceList", self.dir.join("sources.list")),
            ("Dir::Etc::SourceParts", "/dev/null".into()),
            ("Dir::State::lists", self.dir.join("lists")),
            ("Dir::Cache", self.dir.join("cache")),
            ("Acquire::Languages", "none".into()),
            ("APT::Architecture", self.arch.debian().into()),
            ("APT::Architectures", self.arch.debian().into()),
            // What is installed here says nothing of another machine.
            ("Dir::State::status", "/dev/null".into()),
            // The directory is ours alone, not the user's that apt becomes for downloads.
            ("APT::Sandbox::User", "root".into()),
        ] {
            command.arg("-o").arg(format!("{option}={}", value.display()));
        }
        command.arg("-qq").args(arguments);
        command
    }
}

/// Runs apt; what it prints is told only if it fails.
fn apt(mut command: Command) -> Result<()> {
    if find("apt-get").is_none() {
        bail!("this needs Debian's packages, and there is no apt-get here");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command::output(&mut command).map(drop)
}

/// Puts `inside` of a package at `to`, unless it is there. `open` says which package of which archive.
pub(super) fn keep(to: &Path, inside: &str, open: impl FnOnce(&Path) -> Result<(Archive, String)>) -> Result<()> {
    if to.exists() {
        return Ok(());
    }
    eprintln!("vm: fetching {}", to.display());
    let cache = to.parent().context("it has no parent")?;
    fs::create_dir_all(cache)?;
    let dir = unfinished(cache);
    let fetched = (|| {
        let (archive, package) = open(&dir)?;
        let files = archive.unpack(&package)?.join(inside);
        // Whole, or not there. Another run may have been quicker.
        fs::rename(&files, to).or_else(|error| if to.exists() { Ok(()) } else { Err(error) })?;
        anyhow::Ok(())
    })();
    // What was half done is nobody's.
    let _ = fs::remove_dir_all(dir);
    fetched.with_context(|| format!("fetching {}", to.display()))
}

/// A folder for what is being downloaded, on the file system that it will be kept on.
pub(super) fn unfinished(cache: &Path) -> PathBuf {
    cache.join(format!(".fetching-{}", std::process::id()))
}

/// A program, installed first with its packages if it is not there.
pub(super) fn program(name: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(program) = find(name) {
        return Ok(program);
    }
    let names = packages.join(" ");
    if !rustix::process::geteuid().is_root() {
        bail!("please run this, and then this command again: sudo apt-get install {names}");
    }
    eprintln!("vm: installing {names}");
    let install = || {
        let mut install = Command::new("apt-get");
        install.args(["-qq", "install", "--yes", "--no-install-recommends"]).args(packages);
        apt(install)
    };
    install().or_else(|_| {
        let mut update = Command::new("apt-get");
        update.args(["-qq", "update"]);
        apt(update)?;
        install()
    })?;
    find(name).with_context(|| format!("{names}: installed, but {name} is not there"))
}
