//! The chart, checked with Helm's own program: its lint, and that with the chart's values it is the base.

use super::chart::{NAMESPACE, NOT_IN_IT};
use super::{File, read};
use crate::{command, go};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::is_program;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From the Go modules.
const MODULE: &str = "helm.sh/helm/v3/cmd/helm";
const VERSION: &str = "v3.18.4";
/// The cluster that it renders for: the oldest that the chart takes. Without, what was not built by a release says 1.20.
const KUBERNETES: &str = "1.32.0";

/// What switches all on that the the overlay `prometheus` and the component `host-root` have.
const ALL: &str = "prometheus.enabled=true,prometheus.serviceMonitor=true,prometheus.rules=true,prometheus.dashboards=true,\
                   hostRoot=true";

/// Fails if Helm finds something wrong, or makes something else of the chart than what the base is, or the base with these.
pub(super) fn check() -> Result<()> {
    let helm = program()?;
    let base = base()?;
    compare(&rendered(&helm, &[])?, &base, "the base")?;
    let all = rendered(&helm, &["--set", ALL])?;
    compare(&all, &overlaid(base)?, "the base with overlays/prometheus and components/host-root")?;
    println!("helm {VERSION}: {} objects of the chart are those of the base, the overlay and the component", all.len());
    Ok(())
}

/// What Helm makes of the chart with these arguments, by kind and name.
fn rendered(helm: &Path, arguments: &[&str]) -> Result<BTreeMap<String, Value>> {
    let chart = super::folder().join("chart");
    command::run(Command::new(helm).args(["lint", "--strict", "--quiet"]).args(arguments).arg(&chart))?;
    let mut template = Command::new(helm);
    template.args(["template", "rewind", "--kube-version", KUBERNETES, "--namespace", NAMESPACE]).args(arguments);
    objects(&command::output(template.arg(&chart))?).context("what Helm makes of the chart")
}

/// The objects of the base that the chart has.
fn base() -> Result<BTreeMap<String, Value>> {
    let base = super::base(&super::committed()?)?;
    let base: Vec<&File> = base.iter().filter(|file| file.path != NOT_IN_IT).collect();
    let mut wanted = BTreeMap::new();
    for file in base {
        wanted.append(&mut objects(&file.text).with_context(|| file.path.clone())?);
    }
    Ok(wanted)
}

fn compare(rendered: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Value>, what: &str) -> Result<()> {
    let mut other = Vec::new();
    for name in wanted.keys().chain(rendered.keys()) {
        let [one, two] = [wanted, rendered].map(|of| of.get(name).cloned().map(comparable).transpose());
        if one? != two? {
            other.push(name);
        }
    }
    if !other.is_empty() {
        bail!("Helm makes something else of the chart than what {what} is: {other:?}");
    }
    Ok(())
}

/// The base with these over it, as far as that goes: whole objects, items of lists, and texts.
fn overlaid(mut all: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>> {
    let of = |path: &str| objects(&read(&format!("{path}.yaml"))?.text);
    for path in ["service", "monitor", "rules"].map(|name| format!("overlays/prometheus/{name}")) {
        all.append(&mut of(&path)?);
    }
    for path in ["overlays/prometheus/agent", "overlays/prometheus/config", "components/host-root/agent"] {
        for (object, patch) in of(path)? {
            patched(all.get_mut(&object).with_context(|| format!("the base has no {object}"))?, &patch);
        }
    }
    let (name, dashboards) = dashboards()?;
    all.insert(name, dashboards);
    Ok(all)
}

/// Adds to objects what they lack and to lists of named items those of a patch; else what the patch says holds.
fn patched(object: &mut Value, patch: &Value) {
    let is_item = |item: &Value, of: &Value| item.get("name").is_some() && item.get("name") == of.get("name");
    match (object, patch) {
        (Value::Object(fields), Value::Object(of_patch)) => {
            for (name, value) in of_patch {
                patched(fields.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(items), Value::Array(of_patch)) => {
            for item in of_patch {
                match items.iter_mut().find(|other| is_item(other, item)) {
                    Some(other) => patched(other, item),
                    None => items.push(item.clone()),
                }
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

/// What kustomize makes of `dashboards/`.
fn dashboards() -> Result<(String, Value)> {
    let made: Value = serde_saphyr::from_str(&read("dashboards/kustomization.yaml")?.text)?;
    let made = made.pointer("/configMapGenerator/0").context("dashboards/ makes no ConfigMap")?;
    let files = made.get("files").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let texts = files
        .filter_map(|file| file.split_once('='))
        .map(|(name, file)| Ok((name.to_owned(), Value::String(read(&format!("dashboards/{file}"))?.text))));
    let texts = texts.collect::<Result<serde_json::Map<_, _>>>()?;
    let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": text("name"), "namespace": text("namespace"), "labels": made.pointer("/options/labels")},
        "data": texts,
    });
    Ok((format!("ConfigMap {}", text("name")), object))
}

/// An object in a form that can be compared: lists of named items by their names, and the file of settings as what it says.
fn comparable(mut object: Value) -> Result<Value> {
    for list in ["/spec/template/spec/volumes", "/spec/template/spec/containers/0/volumeMounts"] {
        if let Some(items) = object.pointer_mut(list).and_then(Value::as_array_mut) {
            items.sort_by_key(|item| item.get("name").map(Value::to_string));
        }
    }
    if let Some(settings) = object.pointer_mut("/data/config.yaml") {
        *settings = serde_saphyr::from_str(settings.as_str().unwrap_or_default()).context("config.yaml")?;
    }
    Ok(object)
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
