//! `cargo xtask manifests`: makes what is made of `manifests/base`, or says what is not as it would be made.
//!
//! ```text
//! crate resources -> base/crds.yaml -\
//!                    base/*.yaml -----+-> rewind.yaml       one file, which `kubectl rewind deploy` applies
//!                                      \-> chart/templates  with `chart/values.yaml` it is the base, to the byte
//! rules/, dashboards/, overlays/prometheus/ -> overlays/prometheus/rules.yaml, chart/files, chart/templates/prometheus-*
//! ```

mod chart;
mod helm;
mod prometheus;

use crate::command;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use rewind_tests::programs::work_tree;
use std::fs;
use std::path::PathBuf;

/// What is written in front of what nobody should edit.
const MADE: &str = "# Made by `cargo xtask manifests` of ";
/// The definitions of the custom resources.
const CRDS: &str = "base/crds.yaml";
/// The image's tag in the base is the version that is built here.
const IMAGE: &str = concat!("image: ghcr.io/rewind-rs/rewind-agent:", env!("CARGO_PKG_VERSION"));

/// What to do.
#[derive(Args)]
pub(crate) struct Manifests {
    /// Write nothing: fail if something is not as it would be made.
    #[arg(long)]
    check: bool,
    /// Check the chart with Helm's own program too, which is built first (Go; minutes).
    #[arg(long)]
    helm: bool,
}

impl Manifests {
    pub(crate) fn run(&self) -> Result<()> {
        if self.check {
            check()?;
        } else {
            write()?;
        }
        if self.helm { helm::check() } else { Ok(()) }
    }
}

/// Checks the chart with Helm's own program.
pub(crate) fn helm() -> Result<()> {
    helm::check()
}

/// A file of the base, or one that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    /// Below `manifests`.
    path: String,
    text: String,
}

/// Fails if something is not as it would be made. The definitions are taken as they are: that they are the crate's is
/// a test of the crate's, which is compiled for that anyway.
pub(crate) fn check() -> Result<()> {
    let stale: Vec<String> =
        make(committed()?)?.into_iter().filter(|file| !is_there(file)).map(|file| file.path).collect();
    if stale.is_empty() {
        return Ok(());
    }
    bail!("manifests are not what `cargo xtask manifests` makes: {}", stale.join(", "))
}

fn write() -> Result<()> {
    for file in make(crds()?)? {
        if !is_there(&file) {
            eprintln!("manifests: {}", file.path);
            let path = folder().join(&file.path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, &file.text).with_context(|| format!("writing {}", file.path))?;
        }
    }
    Ok(())
}

fn is_there(file: &File) -> bool {
    fs::read_to_string(folder().join(&file.path)).is_ok_and(|text| text == file.text)
}

fn folder() -> PathBuf {
    work_tree().join("manifests")
}

/// Everything that is made.
fn make(crds: File) -> Result<Vec<File>> {
    let base = base(&crds)?;
    if !base.iter().any(|file| file.text.contains(&format!("{IMAGE}\n"))) {
        bail!("the base does not say `{IMAGE}`");
    }
    let mut made = vec![single(&base), crds];
    made.extend(chart::templates(&base)?);
    made.extend(prometheus::made()?);
    Ok(made)
}

/// The definitions as they are there.
fn committed() -> Result<File> {
    read(CRDS)
}

fn read(path: &str) -> Result<File> {
    let text = fs::read_to_string(folder().join(path)).with_context(|| format!("reading {path}"))?;
    Ok(File { path: path.to_owned(), text })
}

/// The definitions as the crate knows them.
fn crds() -> Result<File> {
    let mut print = command::cargo();
    print.args(["run", "--quiet", "--package", "rewind-resources", "--example", "crds"]);
    let text = format!("{MADE}the crate `resources`.\n{}\n", command::output(&mut print)?);
    Ok(File { path: CRDS.to_owned(), text })
}

/// The files of the base in the order in which they are applied; the definitions as they would be made.
fn base(crds: &File) -> Result<Vec<File>> {
    let kustomization = fs::read_to_string(folder().join("base/kustomization.yaml"))?;
    let files = kustomization.lines().filter_map(|line| line.strip_prefix("  - ")).map(|name| {
        let path = format!("base/{name}");
        if path == crds.path {
            return Ok(crds.clone());
        }
        read(&path)
    });
    files.collect()
}

/// All of it as one file.
fn single(base: &[File]) -> File {
    let documents: Vec<&str> = base.iter().map(|file| without_separator(&file.text)).collect();
    let text = format!("{MADE}base/: what `kubectl apply -k base` applies.\n{}", documents.join("---\n"));
    File { path: "rewind.yaml".to_owned(), text }
}

/// What is made begins with a comment and a separator; a comment alone would be a document.
fn without_separator(text: &str) -> &str {
    text.strip_prefix(MADE).and_then(|text| text.split_once("\n---\n")).map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn one_file_has_every_document_once() {
        let crds = file("base/crds.yaml", &format!("{MADE}x.\n---\nkind: A\n---\nkind: B\n"));
        let single = single(&[file("base/one.yaml", "# why\nkind: C\n"), crds]);
        let documents: Vec<&str> = single.text.split("---\n").collect();
        assert_eq!(documents.len(), 3);
        assert!(documents[0].ends_with("# why\nkind: C\n"), "{documents:?}");
        assert_eq!(documents[1..], ["kind: A\n", "kind: B\n"]);
    }
}
