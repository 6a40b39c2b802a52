//! What comes from crates.io: programs that help to build and check, kept by version outside the work tree.

use crate::command;
use anyhow::{Context as _, Result};
use rewind_tests::programs::{find, is_program};
use rewind_tests::store;
use std::path::PathBuf;
use std::process::Command;

/// A program on crates.io.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    features: &'static [&'static str],
    why: &'static str,
}

pub(crate) const BPF_LINKER: Tool = Tool {
    name: "bpf-linker",
    version: "0.13.0",
    features: &["--no-default-features", "--features", "llvm-22"],
    why: "links the kernel side",
};
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    features: &["--no-default-features"],
    why: "checks licences and sources",
};
pub(crate) const CARGO_FUZZ: Tool =
    Tool { name: "cargo-fuzz", version: "0.13.2", features: &[], why: "runs the fuzz targets" };
pub(crate) const S3_SERVER: Tool = Tool {
    name: store::PROGRAM.0,
    version: store::PROGRAM.1,
    features: &["--features", "binary"],
    why: "the object store of the tests",
};

impl Tool {
    /// The program, where it is there in this version: in our cache, or on `PATH`.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let cached = self.cached().ok().filter(|program| is_program(program));
        cached.or_else(|| find(self.name).filter(|program| self.is_this(program)))
    }

    /// The program; it is installed first if it is not there.
    pub(crate) fn get(&self) -> Result<PathBuf> {
        self.get_with(&[])
    }

    /// As [`Tool::get`], with more in the environment of the build.
    pub(crate) fn get_with(&self, environment: &[(&str, &str)]) -> Result<PathBuf> {
        if let Some(program) = self.find() {
            return Ok(program);
        }
        eprintln!("setup: installing {} {} ({})", self.name, self.version, self.why);
        let program = self.cached()?;
        let root = program.parent().and_then(|bin| bin.parent()).context("no cache")?;
        let mut cargo = Command::new("cargo");
        // Built by the machine's usual toolchain, wherever we are called from.
        command::other_toolchain(&mut cargo).current_dir("/").envs(environment.iter().copied());
        cargo.args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"]).arg(root);
        command::run(cargo.args(self.features)).with_context(|| format!("installing {}", self.name))?;
        Ok(program)
    }

    fn cached(&self) -> Result<PathBuf> {
        Ok(command::cache()?.join(format!("{}-{}", self.name, self.version)).join("bin").join(self.name))
    }

    fn is_this(&self, program: &std::path::Path) -> bool {
        let said = command::output(Command::new(program).arg("--version"));
        said.is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
    }
}
