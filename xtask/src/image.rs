//! `cargo xtask image`: the agent as an OCI image, without Docker.
//!
//! In it are the statically linked agent, what it is made of and the certificates that Mozilla trusts (for backends and
//! object stores), nothing else: no shell, no library, no user's file.
//! The same commit gives the same digest: times are the commit's (or `SOURCE_DATE_EPOCH`), paths of the machine that
//! builds are not in the binary, and everything is sorted.

mod archive;
mod layer;
mod sbom;

use crate::vm::{Arch, Compiler};
use crate::{build, command};
use anyhow::{Context as _, Result};
use archive::Image;
use clap::Args;
use layer::Entry;
use rewind_tests::programs::work_tree;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// What the image is called, before its tag.
pub(crate) const NAME: &str = "ghcr.io/rewind-rs/rewind-agent";
/// The program in it.
const PROGRAM: &str = "rewind-agent";
/// Where it says what it is made of.
const SBOM: &str = "sbom.json";
/// Where OpenSSL's and rustls' users look for certificates on Debian, and so in an image without a distribution.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// What to build.
#[derive(Args)]
pub(crate) struct BuildImage {
    /// For this kind of machine; may be given more than once. Without, for this one's.
    #[arg(long, value_enum)]
    arch: Vec<Arch>,
    /// The folder to put archives into. Without, `image` in cargo's target directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The tag. Without, the version.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    tag: String,
}

impl BuildImage {
    pub(crate) fn run(&self) -> Result<()> {
        let here: Vec<Arch> = Arch::ALL.into_iter().filter(|arch| arch.is_here()).collect();
        let wanted = if self.arch.is_empty() { &here } else { &self.arch };
        for arch in wanted {
            make(*arch, self.out.as_deref(), &self.tag)?;
        }
        Ok(())
    }
}

/// Builds the image for this machine, as the manifests name it; the archive.
pub(crate) fn of_here() -> Result<PathBuf> {
    let arch = Arch::ALL.into_iter().find(|arch| arch.is_here()).context("there is no image for such a machine")?;
    make(arch, None, env!("CARGO_PKG_VERSION"))
}

/// Builds the image for one kind of machine; the archive.
fn make(arch: Arch, out: Option<&Path>, tag: &str) -> Result<PathBuf> {
    let out = match out {
        Some(out) => out.to_owned(),
        None => build::target_dir()?.join("image"),
    };
    let compiler = Compiler::get(arch)?;
    let program = compiler.shipped(PROGRAM)?;
    let made_of = sbom::of(PROGRAM, arch.target(), &compiler.linked()?)?;
    let image = Image {
        arch,
        name: format!("{NAME}:{tag}"),
        program: format!("/{PROGRAM}"),
        time_s: time_s()?,
        revision: revision(),
        entries: vec![
            Entry { path: PROGRAM.to_owned(), mode: 0o755, content: fs::read(&program)? },
            Entry { path: SBOM.to_owned(), mode: 0o644, content: made_of.clone() },
            Entry { path: CERTIFICATES.to_owned(), mode: 0o644, content: certificates() },
        ],
    };
    let packed = image.pack()?;
    fs::create_dir_all(&out)?;
    let archive = out.join(format!("{PROGRAM}-{tag}-{}.tar", arch.debian()));
    fs::write(&archive, &packed.archive).with_context(|| format!("writing {}", archive.display()))?;
    fs::write(archive.with_extension("sbom.json"), made_of)?;
    println!("{} {} {}", image.name, packed.digest, archive.display());
    Ok(archive)
}

/// Whom Mozilla trusts, in PEM.
fn certificates() -> Vec<u8> {
    let all: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|der| pem::Pem::new("CERTIFICATE", der.to_vec())).collect();
    pem::encode_many_config(&all, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)).into_bytes()
}

/// The time that everything in the image has, Unix time.
fn time_s() -> Result<i64> {
    if let Ok(told) = std::env::var("SOURCE_DATE_EPOCH") {
        return told.parse().with_context(|| format!("SOURCE_DATE_EPOCH={told} is not a number of seconds"));
    }
    // What was unpacked from an archive has no history.
    Ok(git(&["log", "-1", "--format=%ct"]).and_then(|told| told.parse().ok()).unwrap_or(0))
}

/// The commit, if the work tree is that of one.
fn revision() -> Option<String> {
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    git(&["rev-parse", "HEAD"]).filter(|_| is_clean)
}

fn git(arguments: &[&str]) -> Option<String> {
    command::output(Command::new("git").args(arguments).current_dir(work_tree())).ok()
}
