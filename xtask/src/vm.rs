//! `cargo xtask vm`: does the recorder load, record and keep on other kernels?
//!
//! Boots kernels of Debian and Ubuntu in QEMU, each from an initramfs of busybox, `rewind-agent` and
//! `rewind`, both statically linked, and `tests/vm/init`, which runs the checks and says on the serial
//! console how each went. It needs no virtualization and no network but their packages; time means
//! nothing in there.

mod archive;
mod boot;
mod initramfs;
mod kernels;
mod verdicts;

use crate::{build, build_ebpf, command, setup};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use initramfs::Initramfs;
use kernels::Kernel;
use rewind_tests::programs::work_tree;
use std::path::{Path, PathBuf};
use std::time::Instant;
use verdicts::Verdicts;

/// Which kernels to boot.
#[derive(Args)]
pub(crate) struct Vm {
    /// Only this kernel; may be given several times.
    #[arg(long, value_name = "VERSION", value_parser = kernels::by_name)]
    kernel: Vec<&'static Kernel>,
    /// Show all that the console says, not the verdicts alone.
    #[arg(long)]
    console: bool,
}

/// What the static programs are built for.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What is tried in there.
const PROGRAMS: [&str; 2] = ["rewind-agent", "rewind"];

impl Vm {
    pub(crate) fn run(&self) -> Result<()> {
        if std::env::consts::ARCH != "x86_64" {
            bail!("the kernels that are booted are of x86-64, and this is {}", std::env::consts::ARCH);
        }
        let wanted = if self.kernel.is_empty() { kernels::ALL.iter().collect() } else { self.kernel.clone() };
        let qemu = archive::program("qemu-system-x86_64", "qemu-system-x86")?;
        let busybox = archive::program("busybox", "busybox-static")?;
        let initramfs = initramfs(&busybox, &static_programs()?)?;
        let booted = self.boot(&wanted, &qemu, &initramfs);
        std::fs::remove_file(&initramfs).with_context(|| format!("removing {}", initramfs.display()))?;
        booted?.say()
    }

    fn boot(&self, kernels: &[&Kernel], qemu: &Path, initramfs: &Path) -> Result<Verdicts> {
        let mut sum = Verdicts::default();
        for kernel in kernels {
            let image = kernel.image()?;
            println!("kernel {} ({})", kernel.name, image.release);
            let started = Instant::now();
            let outcome = boot::boot(qemu, &image.path, initramfs, kernel.expected(), self.console)?;
            sum.add(kernel.name, outcome);
            println!("kernel {}: {:.0} s", kernel.name, started.elapsed().as_secs_f64());
        }
        Ok(sum)
    }
}

/// Builds an agent and a reader that need no library; the directory that they are in.
fn static_programs() -> Result<PathBuf> {
    setup::for_build()?;
    let object = build_ebpf::run()?;
    let mut cargo = command::cargo();
    cargo.args(["build", "--release", "--target", TARGET]);
    cargo.args(PROGRAMS.iter().flat_map(|program| ["--bin", program]));
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static");
    // Nobody debugs or measures it: quickly built and small.
    cargo.envs([
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
        ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ]);
    command::run(build::with_object(&mut cargo, &object))?;
    Ok(build::target_dir()?.join(TARGET).join("release"))
}

/// Packs what is booted into a file of its own.
fn initramfs(busybox: &Path, programs: &Path) -> Result<PathBuf> {
    let mut files = Initramfs::default();
    for dir in ["bin", "dev", "etc", "proc", "sys", "tmp"] {
        files.dir(dir)?;
    }
    files.console("dev/console")?;
    files.program("bin/busybox", busybox)?;
    for program in PROGRAMS {
        files.program(&format!("bin/{program}"), &programs.join(program))?;
    }
    files.program("init", &work_tree().join("tests/vm/init"))?;
    let path = build::target_dir()?.join(format!("vm-{}.cpio", std::process::id()));
    std::fs::write(&path, files.finish()?).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
