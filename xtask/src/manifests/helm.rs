//! The chart, checked with Helm's own program: its lint, and that with the chart's values it is the base.

use super::File;
use super::chart::{NAMESPACE, NOT_IN_IT};
use crate::{command, go};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::is_program;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// From the Go modules.
const MODULE: &str = "helm.sh/helm/v3/cmd/helm";
const VERSION: &str = "v3.18.4";
/// The cluster that it renders for: the oldest that the chart takes. Without, what was not built by a release says 1.20.
const KUBERNETES: &str = "1.32.0";

/// Fails if Helm finds something wrong, or makes something else of the chart than what the base is.
pub(super) fn check() -> Result<()> {
    let helm = program()?;
    let chart = super::folder().join("chart");
    command::run(Command::new(&helm).args(["lint", "--strict", "--quiet"]).arg(&chart))?;
    let mut template = Command::new(&helm);
    template.args(["template", "rewind", "--kube-version", KUBERNETES, "--namespace", NAMESPACE]).arg(&chart);
    let rendered = objects(&command::output(&mut template)?).context("what Helm makes of the chart")?;
    let base = super::base(&super::committed()?)?;
    let base: Vec<&File> = base.iter().filter(|file| file.path != NOT_IN_IT).collect();
    let mut wanted = BTreeMap::new();
    for file in base {
        wanted.append(&mut objects(&file.text).with_context(|| file.path.clone())?);
    }
    let names = wanted.keys().chain(rendered.keys());
    let other: Vec<&String> = names.filter(|name| wanted.get(*name) != rendered.get(*name)).collect();
    if !other.is_empty() {
        bail!("Helm makes something else of the chart than what the base is: {other:?}");
    }
    println!("helm {VERSION}: {} objects of the chart are the base's", rendered.len());
    Ok(())
}

/// Helm's program, in that version.
fn program() -> Result<PathBuf> {
    let bin = command::cache()?.join(format!("helm-{VERSION}"));
    let helm = bin.join("helm");
    if !is_program(&helm) {
        let go = go::go()?;
        eprintln!("manifests: building helm {VERSION}");
        let mut install = Command::new(go);
        install.args(["install", "-trimpath", &format!("{MODULE}@{VERSION}")]).env("GOBIN", &bin).current_dir("/");
        command::run(&mut install)?;
    }
    Ok(helm)
}

/// Objects of a stream of documents, by kind and name.
fn objects(text: &str) -> Result<BTreeMap<String, Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    let named = documents.into_iter().filter(|object| !object.is_null()).map(|object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let kind = text("/kind").context("an object without a kind")?;
        let name = text("/metadata/name").context("an object without a name")?;
        Ok((format!("{kind} {name}"), object))
    });
    named.collect()
}
