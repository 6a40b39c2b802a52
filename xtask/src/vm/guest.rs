//! What it takes to run something on a machine, and what is run there.

use super::arch::Arch;
use super::archive::{self, Archive, Distribution};
use super::compiler::Compiler;
use super::elf32;
use super::initramfs::Initramfs;
use crate::{build, command};
use anyhow::{Context as _, Result};
use rewind_tests::programs::work_tree;
use std::path::PathBuf;

/// The tools for one kind of machine.
pub(super) struct Guest {
    arch: Arch,
    pub(super) qemu: PathBuf,
    busybox: PathBuf,
    compiler: Compiler,
}

impl Guest {
    /// What is here, or can be had.
    pub(super) fn get(arch: Arch) -> Result<Self> {
        let (qemu, package) = arch.qemu();
        let qemu = archive::program(qemu, &[package])?;
        Ok(Self { arch, qemu, busybox: busybox(arch)?, compiler: Compiler::get(arch)? })
    }

    /// Builds what is tried, and packs what is booted into a file of its own.
    pub(super) fn initramfs(&self) -> Result<PathBuf> {
        let mut files = Initramfs::default();
        for dir in ["bin", "dev", "etc", "proc", "sys", "tmp"] {
            files.dir(dir)?;
        }
        files.console("dev/console")?;
        files.program("bin/busybox", &self.busybox)?;
        for (name, built) in self.compiler.programs()? {
            files.program(&format!("bin/{name}"), &built)?;
        }
        files.executable("bin/calls32", &elf32::program(self.arch))?;
        files.program("init", &work_tree().join("tests/vm/init"))?;
        let path = build::target_dir()?.join(format!("vm-{}.cpio", std::process::id()));
        std::fs::write(&path, files.finish()?).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// Its programs need no library.
fn busybox(arch: Arch) -> Result<PathBuf> {
    let package = "busybox-static";
    if arch.is_here() {
        return archive::program("busybox", &[package]);
    }
    let kept = command::cache()?.join(format!("{package}-{}", arch.debian()));
    archive::keep(&kept, "usr/bin/busybox", |dir| {
        Ok((Archive::open(Distribution::Debian, arch, &["debian trixie"], dir)?, package.to_owned()))
    })?;
    Ok(kept)
}
