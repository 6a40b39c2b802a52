//! What the agent is made of, as a CycloneDX document: its crates and the kernel side's, and what is linked besides.
//!
//! A crate that runs in the compiler alone, or only builds or tests, is not in the binary and not in the list. The
//! document has no serial number and no time, which would differ each time.

use crate::command;
use anyhow::{Context as _, Result};
use rewind_tests::programs::work_tree;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The crate of the kernel side, a workspace of its own.
const KERNEL_SIDE: (&str, &str) = ("agent-ebpf", "rewind-ebpf");

/// The document about a program that is built for a target; `linked` is in it and no crate: its name, its version.
pub(super) fn of(program: &str, target: &str, linked: &[(&str, String)]) -> Result<Vec<u8>> {
    let mut components = crates(Path::new("."), program, Some(target))?;
    let (folder, kernel_side) = KERNEL_SIDE;
    components.append(&mut crates(Path::new(folder), kernel_side, None)?);
    let subject = components.iter().find(|(_, part)| part["name"] == program).map(|(purl, _)| purl.clone());
    let mut subject =
        components.remove(&subject.with_context(|| format!("cargo knows no {program}"))?).unwrap_or_default();
    subject["type"] = "application".into();
    for (name, version) in linked {
        let purl = format!("pkg:generic/{name}@{version}");
        let part = json!({"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version});
        components.insert(purl, part);
    }
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject},
        "components": components.into_values().collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// The crates that go into a program, by their names in a package registry's terms.
fn crates(folder: &Path, program: &str, target: Option<&str>) -> Result<BTreeMap<String, Value>> {
    let folder = work_tree().join(folder);
    let mut metadata = command::cargo();
    metadata.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]).arg(folder.join("Cargo.toml"));
    if let Some(target) = target {
        metadata.args(["--filter-platform", target]);
    }
    let metadata: Value = serde_json::from_str(&command::output(&mut metadata)?)?;
    let checksums = checksums(&fs::read_to_string(folder.join("Cargo.lock"))?);
    let within =
        within(&metadata, program).with_context(|| format!("cargo's metadata of {program} are not as expected"))?;
    Ok(within.into_iter().map(|package| component(package, &checksums)).collect())
}

/// The packages that a program is linked of: along dependencies that are neither for tests nor for building.
fn within<'a>(metadata: &'a Value, program: &str) -> Option<Vec<&'a Value>> {
    let by_id = |list: &'a Value| -> Option<BTreeMap<&'a str, &'a Value>> {
        list.as_array()?.iter().map(|one| Some((one["id"].as_str()?, one))).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"])?, by_id(&metadata["resolve"]["nodes"])?);
    let mut ahead: Vec<&str> =
        packages.iter().filter(|(_, package)| package["name"] == program).map(|(id, _)| *id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = ahead.pop() {
        let package = packages.get(id)?;
        if is_of_the_compiler(package) || !seen.insert(id) {
            continue;
        }
        for dependency in nodes.get(id)?["deps"].as_array()? {
            if dependency["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"].is_null()) {
                ahead.push(dependency["pkg"].as_str()?);
            }
        }
    }
    seen.iter().map(|id| packages.get(id).copied()).collect()
}

fn is_of_the_compiler(package: &Value) -> bool {
    let kinds = package["targets"].as_array().into_iter().flatten().filter_map(|target| target["kind"].as_array());
    kinds.flatten().any(|kind| kind == "proc-macro")
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>) -> (String, Value) {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let (name, version) = (text("name"), text("version"));
    let purl = format!("pkg:cargo/{name}@{version}");
    let mut part = json!({"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version});
    if !text("license").is_empty() {
        // What cargo took before there were expressions.
        part["licenses"] = json!([{"expression": text("license").replace('/', " OR ")}]);
    }
    if let Some(checksum) = checksums.get(&(name.to_owned(), version.to_owned())) {
        part["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    (purl, part)
}

/// By name and version, what was downloaded has to hash to.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let packages = lock.split("[[package]]").skip(1).filter_map(|package| {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
            Some(line.trim_end_matches('"').to_owned())
        };
        Some(((value("name")?, value("version")?), value("checksum")?))
    });
    packages.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn package(name: &str, kind: &str) -> Value {
        json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0", "targets": [{"kind": [kind]}]})
    }

    fn node(name: &str, needs: &[(&str, Option<&str>)]) -> Value {
        let deps = needs.iter().map(|(pkg, kind)| json!({"pkg": pkg, "dep_kinds": [{"kind": kind}]}));
        json!({"id": name, "deps": deps.collect::<Vec<_>>()})
    }

    #[test]
    fn what_is_linked_is_listed_and_what_only_builds_or_tests_is_not() {
        let metadata = json!({
            "packages": [package("agent", "bin"), package("linked", "lib"), package("far", "lib"), package("tests", "lib"),
                package("builds", "lib"), package("derives", "proc-macro"), package("quotes", "lib")],
            "resolve": {"nodes": [
                node("agent", &[("linked", None), ("tests", Some("dev")), ("builds", Some("build")), ("derives", None)]),
                node("linked", &[("far", None)]), node("far", &[]), node("tests", &[]), node("builds", &[]),
                node("derives", &[("quotes", None)]), node("quotes", &[])]},
        });
        let names: Vec<_> = within(&metadata, "agent").unwrap().iter().map(|package| &package["name"]).collect();
        assert_eq!(names, ["agent", "far", "linked"]);
    }

    #[test]
    fn a_crate_has_its_licence_and_the_hash_of_what_was_downloaded() {
        let lock = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"linked\"\n\
                    version = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"00ff\"\n";
        let (purl, part) = component(&package("linked", "lib"), &checksums(lock));
        assert_eq!(purl, "pkg:cargo/linked@1.0.0");
        assert_eq!(part["hashes"], json!([{"alg": "SHA-256", "content": "00ff"}]));
        assert_eq!(part["licenses"], json!([{"expression": "MIT OR Apache-2.0"}]));
        assert_eq!(checksums(lock).len(), 1);
    }

    #[test]
    fn the_agents_own_document_names_both_sides_and_nothing_that_only_tests() {
        let document: Value =
            serde_json::from_slice(&of("rewind-agent", "x86_64-unknown-linux-gnu", &[]).unwrap()).unwrap();
        assert_eq!(document["metadata"]["component"]["name"], "rewind-agent");
        let components = document["components"].as_array().unwrap();
        let has = |name: &str| components.iter().any(|part| part["name"] == name);
        for name in ["aya", "aya-ebpf", "rewind-ebpf", "kube", "tokio", "rewind-recording"] {
            assert!(has(name), "{name}");
        }
        for name in ["proptest", "serde_derive", "tempfile", "syn", "windows-sys"] {
            assert!(!has(name), "{name}");
        }
    }
}
