//! `cargo xtask vm`: does the recorder load, record and keep on other kernels and machines?
//!
//! Boots kernels of Debian and Ubuntu in QEMU, each from an initramfs of busybox, `rewind-agent` and
//! `rewind`, both statically linked, and `tests/vm/init`, which runs the checks and says on the serial
//! console how each went. It needs no virtualization and no network but their packages; time means
//! nothing in there.

mod arch;
mod archive;
mod boot;
mod compiler;
mod elf32;
mod guest;
mod initramfs;
mod kernels;
mod verdicts;

use anyhow::{Context as _, Result};
use boot::Boot;
use clap::Args;
use guest::Guest;
use kernels::Kernel;
use std::path::Path;
use std::time::Instant;
use verdicts::Verdicts;

pub(crate) use arch::Arch;
pub(crate) use compiler::Compiler;

/// Which kernels to boot.
#[derive(Args)]
pub(crate) struct Vm {
    /// Only this kernel; may be given several times. Without, all of which the tools can be had.
    #[arg(long, value_name = "VERSION", value_parser = kernels::by_name)]
    kernel: Vec<&'static Kernel>,
    /// Show all that the console says, not the verdicts alone.
    #[arg(long)]
    console: bool,
}

impl Vm {
    pub(crate) fn run(&self) -> Result<()> {
        let wanted: Vec<&Kernel> =
            if self.kernel.is_empty() { kernels::ALL.iter().collect() } else { self.kernel.clone() };
        let mut sum = Verdicts::default();
        for arch in Arch::ALL {
            let kernels: Vec<&Kernel> = wanted.iter().copied().filter(|kernel| kernel.arch == arch).collect();
            if kernels.is_empty() {
                continue;
            }
            match Guest::get(arch) {
                Ok(guest) => self.boot_all(&kernels, &guest, &mut sum)?,
                Err(why) => self.without(&kernels, why, &mut sum)?,
            }
        }
        sum.say()
    }

    fn boot_all(&self, kernels: &[&Kernel], guest: &Guest, sum: &mut Verdicts) -> Result<()> {
        let initramfs = guest.initramfs()?;
        let booted = kernels.iter().try_for_each(|kernel| self.boot(kernel, guest, &initramfs, sum));
        std::fs::remove_file(&initramfs).with_context(|| format!("removing {}", initramfs.display()))?;
        booted
    }

    fn boot(&self, kernel: &Kernel, guest: &Guest, initramfs: &Path, sum: &mut Verdicts) -> Result<()> {
        let image = match kernel.image() {
            Ok(image) => image,
            Err(why) => return self.without(&[kernel], why, sum),
        };
        println!("kernel {} ({})", kernel.name, image.release);
        let started = Instant::now();
        let what =
            Boot { arch: kernel.arch, qemu: &guest.qemu, kernel: &image.path, initramfs, expect: kernel.expected() };
        let outcome = boot::boot(&what, self.console)?;
        sum.add(kernel.name, outcome);
        println!("kernel {}: {:.0} s", kernel.name, started.elapsed().as_secs_f64());
        Ok(())
    }

    /// What it takes cannot be had. Another machine's kernels are left out then, unless they were asked for.
    fn without(&self, kernels: &[&Kernel], why: anyhow::Error, sum: &mut Verdicts) -> Result<()> {
        if !self.kernel.is_empty() || kernels.iter().any(|kernel| kernel.arch.is_here()) {
            return Err(why);
        }
        for kernel in kernels {
            sum.leave_out(kernel.name, &format!("{why:#}"));
        }
        Ok(())
    }
}
