//! Finding a compiler for the kernel side.
//!
//! Two are known to work:
//!
//! * Debian's: `rustc-web` has a ready-made `core` for the BPF target (`libstd-rust-web-dev-bpf`).
//! * rustup's nightly with `rust-src`, which builds `core` itself.
//!
//! Both need `bpf-linker`.

use crate::{command, packages, tools};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::{find, work_tree};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "bpfel-unknown-none";
/// The oldest compiler that aya-ebpf 0.3 takes, whatever it declares.
const OLDEST: (u32, u32) = (1, 96);
/// Says which one to take where both are there: `debian` or `rustup`.
const CHOICE: &str = "REWIND_BPF_TOOLCHAIN";

/// Where the compiler is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// `/usr/bin/rustc`, with its version.
    Debian(String),
    /// `rustup run nightly`, with its version.
    Rustup(String),
}

impl fmt::Display for Compiler {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Debian(version) => write!(out, "Debian's compiler (/usr/bin/rustc {version}, ready-made core)"),
            Self::Rustup(version) => write!(out, "rustup's nightly ({version}, core built from rust-src)"),
        }
    }
}

/// A compiler and a linker for the kernel side.
pub(crate) struct Toolchain {
    pub(crate) compiler: Compiler,
    linker: PathBuf,
}

impl Toolchain {
    /// The toolchain that is there, or that has been installed just now.
    pub(crate) fn get() -> Result<Self> {
        let compiler = match choose(debian(), rustup(), std::env::var(CHOICE).ok().as_deref())? {
            Some(compiler) => compiler,
            None => install()?,
        };
        let linker = linker(&compiler)?;
        Ok(Self { compiler, linker })
    }

    /// A cargo that compiles the kernel side: `verb` is `build`, say.
    pub(crate) fn cargo(&self, verb: &str) -> Command {
        let mut cargo = match self.compiler {
            Compiler::Debian(_) => Command::new("/usr/bin/cargo"),
            Compiler::Rustup(_) => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "cargo"]);
                rustup
            }
        };
        command::other_toolchain(&mut cargo);
        cargo.current_dir(work_tree()).arg(verb);
        match self.compiler {
            // The target is not a stable one.
            Compiler::Debian(_) => cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1"),
            Compiler::Rustup(_) => cargo.args(["-Z", "build-std=core"]),
        };
        cargo.args(["--release", "--target", TARGET, "--manifest-path", "agent-ebpf/Cargo.toml"]);
        // aya-ebpf declares a newer compiler than it needs.
        cargo.arg("--ignore-rust-version");
        cargo.env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &self.linker);
        // v3 has atomics that fetch; the BTF goes into the object.
        cargo.env("RUSTFLAGS", "-C target-cpu=v3 -C debuginfo=2 -C link-arg=--btf");
        cargo
    }
}

fn choose(debian: Option<Compiler>, rustup: Option<Compiler>, choice: Option<&str>) -> Result<Option<Compiler>> {
    match choice {
        None => Ok(debian.or(rustup)),
        Some("debian") => debian.map(Some).with_context(|| format!("{CHOICE}=debian, but rustc-web is not installed")),
        Some("rustup") => {
            rustup.map(Some).with_context(|| format!("{CHOICE}=rustup, but there is no nightly with rust-src"))
        }
        Some(other) => bail!("{CHOICE}={other}: it is `debian` or `rustup`"),
    }
}

fn debian() -> Option<Compiler> {
    let version = version(Command::new("/usr/bin/rustc").arg("--version"))?;
    let new_enough = number(&version)? >= OLDEST;
    let sysroot = output(Command::new("/usr/bin/rustc").args(["--print", "sysroot"]))?;
    let core = Path::new(&sysroot).join("lib/rustlib").join(TARGET);
    (new_enough && core.is_dir() && Path::new("/usr/bin/cargo").exists()).then_some(Compiler::Debian(version))
}

fn rustup() -> Option<Compiler> {
    find("rustup")?;
    let run = |arguments: &[&str]| output(Command::new("rustup").args(["run", "nightly", "rustc"]).args(arguments));
    let source = Path::new(&run(&["--print", "sysroot"])?).join("lib/rustlib/src/rust/library/core");
    source.is_dir().then_some(())?;
    run(&["--version"]).and_then(|said| said.split(' ').nth(1).map(str::to_owned)).map(Compiler::Rustup)
}

fn output(command: &mut Command) -> Option<String> {
    command::output(command::other_toolchain(command)).ok()
}

/// `1.96.0` of `rustc 1.96.0 (ac68faa20 2026-05-25)`.
fn version(command: &mut Command) -> Option<String> {
    output(command)?.split(' ').nth(1).map(str::to_owned)
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn install() -> Result<Compiler> {
    eprintln!(
        "setup: no compiler for the kernel side is here (neither Debian's rustc-web nor rustup's nightly with rust-src)"
    );
    if packages::apt_offers("rustc-web", "1.96") {
        packages::install(&packages::BPF_COMPILER.iter().collect::<Vec<_>>())?;
        return debian().context(
            "rustc-web is installed, but has no core for BPF: is libstd-rust-web-dev-bpf of the same version?",
        );
    }
    if find("rustup").is_none() {
        bail!("please install rustup (https://rustup.rs) and run this again: apt has no rustc-web 1.96 or newer here");
    }
    eprintln!("setup: installing rustup's nightly with rust-src (the compiler of the kernel side)");
    let mut rustup = Command::new("rustup");
    rustup.args(["toolchain", "install", "nightly", "--profile", "minimal", "--component", "rust-src"]);
    command::run(&mut rustup)?;
    self::rustup().context("rustup has installed nightly, but its rust-src is not there")
}

fn linker(compiler: &Compiler) -> Result<PathBuf> {
    if let Some(linker) = tools::BPF_LINKER.find() {
        return Ok(linker);
    }
    if matches!(compiler, Compiler::Rustup(_)) {
        // Any version that was built for this nightly's LLVM does.
        if let Some(linker) = find("bpf-linker") {
            return Ok(linker);
        }
    }
    if packages::apt_offers("llvm-22-dev", "1:22") {
        packages::install_missing(packages::BPF_LINKER)?;
        return tools::BPF_LINKER.get_with(&[("LLVM_PREFIX", "/usr/lib/llvm-22")]);
    }
    eprintln!("setup: installing bpf-linker (links the kernel side)");
    let mut cargo = Command::new("cargo");
    command::run(command::other_toolchain(&mut cargo).args(["install", "--locked", "bpf-linker"]))?;
    find("bpf-linker").context("bpf-linker is installed, but cargo's bin folder is not in PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(number("1.96.0"), Some((1, 96)));
        assert!(number("1.100.0-nightly") > number("1.96.0"));
        assert_eq!(number("nightly"), None);
    }

    #[test]
    fn debians_compiler_comes_first_unless_asked_otherwise() -> Result<()> {
        let (debian, rustup) = (Compiler::Debian("1.96.0".into()), Compiler::Rustup("1.97.0".into()));
        assert_eq!(choose(Some(debian.clone()), Some(rustup.clone()), None)?, Some(debian));
        assert_eq!(choose(None, Some(rustup.clone()), None)?, Some(rustup.clone()));
        assert_eq!(choose(None, Some(rustup.clone()), Some("rustup"))?, Some(rustup.clone()));
        assert!(choose(None, Some(rustup), Some("debian")).is_err());
        assert_eq!(choose(None, None, None)?, None);
        Ok(())
    }
}
