//! What builds statically linked programs for a machine, this one or another.

use super::arch::Arch;
use super::archive::{self, Archive, Distribution};
use crate::{build, build_ebpf, command, setup};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::{find, work_tree};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is tried in there.
pub(super) const PROGRAMS: [&str; 2] = ["rewind-agent", "rewind"];
/// What is recorded in there, beside busybox: programs in C, and their sources.
const RECORDED: [(&str, &str); 2] = [("calls", "tests/vm/calls.c"), ("refused", "tests/workloads/refused.c")];
/// Debian's package of Rust's standard library.
const STD: &str = "libstd-rust-web-dev";
/// Where Debian's compiler may be from.
const SUITES: [&str; 4] =
    ["debian bookworm", "debian-security bookworm-security", "debian trixie", "debian-security trixie-security"];

/// Compilers of Rust and of C for a machine.
pub(crate) struct Compiler {
    arch: Arch,
    /// That of C, which also links.
    gcc: PathBuf,
    std: Std,
}

/// Where Rust's standard library for that machine is.
enum Std {
    /// Where the compiler that runs us looks.
    Installed,
    /// In that folder, and it is of Debian's compiler.
    Debian(PathBuf),
}

impl Compiler {
    /// What is here, or can be had.
    pub(crate) fn get(arch: Arch) -> Result<Self> {
        if arch.is_here() {
            return Ok(Self { arch, gcc: archive::program("gcc", &["gcc", "libc6-dev"])?, std: Std::Installed });
        }
        let gcc = archive::program(arch.cross_gcc(), &arch.cross_packages())?;
        Ok(Self { arch, gcc, std: std(arch)? })
    }

    /// Builds an agent, a reader, and what is recorded, which need no library; the files.
    pub(super) fn programs(&self) -> Result<Vec<(&'static str, PathBuf)>> {
        setup::for_build()?;
        let object = build_ebpf::run()?;
        let target_dir = build::target_dir()?;
        let mut cargo = self.cargo();
        cargo.args(["build", "--release", "--target", self.arch.target(), "--target-dir"]).arg(&target_dir);
        cargo.args(PROGRAMS.iter().flat_map(|program| ["--bin", program]));
        cargo.env("RUSTFLAGS", self.rustflags());
        cargo.env(format!("CC_{}", self.arch.target().replace('-', "_")), &self.gcc);
        // Nobody debugs or measures it: quickly built and small.
        cargo.envs([
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
            ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
        ]);
        command::run(build::with_object(&mut cargo, &object))?;
        let built = target_dir.join(self.arch.target()).join("release");
        let mut files: Vec<_> = PROGRAMS.iter().map(|program| (*program, built.join(program))).collect();
        for (program, source) in RECORDED {
            let file = built.join(program);
            let mut gcc = Command::new(&self.gcc);
            gcc.args(["-static", "-pthread", "-O1", "-Wall", "-Werror", "-o"]).arg(&file);
            command::run(gcc.arg(work_tree().join(source)))?;
            files.push((program, file));
        }
        Ok(files)
    }

    /// Builds a program as it is shipped: optimised, without symbols, and without paths of this machine; the file.
    pub(crate) fn shipped(&self, program: &str) -> Result<PathBuf> {
        let object = build_ebpf::run()?;
        let target_dir = build::target_dir()?.join("image");
        let target = self.arch.target();
        let mut cargo = self.cargo();
        cargo.args(["build", "--locked", "--release", "--bin", program, "--target", target, "--target-dir"]);
        cargo.arg(&target_dir);
        let homes = [(work_tree(), "/rewind"), (cargo_home()?, "/cargo")];
        let mut flags = self.rustflags();
        let mut c_flags = String::new();
        for (here, there) in homes {
            flags += &format!(" --remap-path-prefix={}={there}", here.display());
            c_flags += &format!(" -ffile-prefix-map={}={there}", here.display());
        }
        let named = target.replace('-', "_");
        cargo.env("RUSTFLAGS", flags).env(format!("CFLAGS_{named}"), c_flags);
        cargo.env(format!("CC_{named}"), &self.gcc);
        cargo.envs([("CARGO_PROFILE_RELEASE_DEBUG", "0"), ("CARGO_PROFILE_RELEASE_STRIP", "symbols")]);
        command::run(build::with_object(&mut cargo, &object))?;
        Ok(target_dir.join(target).join("release").join(program))
    }

    /// What is linked into programs that is no crate.
    pub(crate) fn linked(&self) -> Result<Vec<(&'static str, String)>> {
        let c_library = if self.arch.is_here() { "libc6-dev" } else { self.arch.cross_packages()[1] };
        let mut rustc = match self.std {
            Std::Installed => Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())),
            Std::Debian(_) => Command::new("/usr/bin/rustc"),
        };
        let told = command::output(rustc.arg("--version").current_dir(work_tree()))?;
        let rust = told.split(' ').nth(1).with_context(|| format!("`{told}` is no version of rustc"))?;
        let mut query = Command::new("dpkg-query");
        query.args(["--show", "--showformat", "${Version}", c_library]);
        // Another distribution has it under a name that we do not know.
        let glibc = command::output(&mut query).unwrap_or_else(|_| "unknown".to_owned());
        Ok(vec![("rust-std", rust.to_owned()), ("glibc", glibc)])
    }

    fn cargo(&self) -> Command {
        match self.std {
            Std::Installed => command::cargo(),
            Std::Debian(_) => {
                let mut cargo = Command::new("/usr/bin/cargo");
                command::other_toolchain(&mut cargo);
                cargo.current_dir(work_tree()).env("RUSTC", "/usr/bin/rustc");
                cargo
            }
        }
    }

    fn rustflags(&self) -> String {
        let mut flags = format!("-C target-feature=+crt-static -C linker={}", self.gcc.display());
        if let Std::Debian(folder) = &self.std {
            flags += &format!(" -L {}", folder.display());
        }
        flags
    }
}

/// Where cargo keeps what it downloads.
fn cargo_home() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("neither CARGO_HOME nor HOME is set")
}

/// The standard library for another machine: rustup's or, where Debian's compiler is, the one of its
/// version, which need not be installed.
fn std(arch: Arch) -> Result<Std> {
    if is_in_toolchain(arch) {
        return Ok(Std::Installed);
    }
    if let Some(version) = debians() {
        return of_debian(arch, &version).map(Std::Debian);
    }
    if find("rustup").is_none() {
        bail!("there is no Rust for {} here: neither rustup nor Debian's rustc-web is installed", arch.target());
    }
    eprintln!("vm: installing rustup's {}", arch.target());
    command::run(Command::new("rustup").args(["target", "add", arch.target()]).current_dir(work_tree()))?;
    Ok(Std::Installed)
}

/// Whether the compiler that cargo runs here has it.
fn is_in_toolchain(arch: Arch) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut print = Command::new(rustc);
    print.args(["--print", "target-libdir", "--target", arch.target()]).current_dir(work_tree());
    let Ok(folder) = command::output(&mut print) else { return false };
    std::fs::read_dir(folder).is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
    })
}

/// The version of the library that belongs to Debian's compiler, if that is here.
fn debians() -> Option<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${source:Version}\n", STD]);
    let version = command::output(&mut query).ok()?.lines().next()?.to_owned();
    (Path::new("/usr/bin/cargo").exists() && Path::new("/usr/bin/rustc").exists()).then_some(version)
}

fn of_debian(arch: Arch, version: &str) -> Result<PathBuf> {
    let kept = command::cache()?.join(format!("{STD}-{version}-{}", arch.debian()));
    archive::keep(&kept, &format!("usr/lib/rustlib/{}/lib", arch.target()), |dir| {
        let archive = Archive::open(Distribution::Debian, arch, &SUITES, dir)?;
        let found = archive.versions(STD)?.into_iter().find(|found| is_build_of(found, version));
        let found = found.with_context(|| format!("Debian has no {STD} {version} for {} any more", arch.debian()))?;
        Ok((archive, format!("{STD}={found}")))
    })?;
    Ok(kept)
}

/// Whether a version of a package was built of that version of its source: `+b1` says "once more".
fn is_build_of(version: &str, source: &str) -> bool {
    version.strip_prefix(source).is_some_and(|rest| rest.is_empty() || rest.starts_with("+b"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_was_built_once_more_is_of_the_same_source() {
        let source = "1.96.0+dfsg1-1~deb13u1";
        assert!(is_build_of(source, source) && is_build_of("1.96.0+dfsg1-1~deb13u1+b1", source));
        assert!(!is_build_of("1.96.0+dfsg1-1~deb13u10", source) && !is_build_of("1.96.0+dfsg1-1~deb12u2", source));
    }
}
