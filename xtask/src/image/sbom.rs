//! What the agent is made of, as a CycloneDX document: its crates and the kernel side's, and what is linked besides.
//!
//! A crate that runs in the compiler alone, or only builds or tests, is not in the binary and not in the list. The
//! document has no serial number and no time, which would differ each time.

use crate::command;
use anyhow::{Context as _, Result, ensure};
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
    let manifest = folder.join("Cargo.toml");
    // `cargo metadata` has crates too that no feature asks for; what tests, builds and derives is not linked.
    let mut tree = command::cargo();
    tree.args(["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--package", program]);
    tree.args(["--target", target.unwrap_or("all"), "--manifest-path"]).arg(&manifest);
    let linked = linked(&command::output(&mut tree)?);
    let mut metadata = command::cargo();
    metadata.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]).arg(&manifest);
    let metadata: Value = serde_json::from_str(&command::output(&mut metadata)?)?;
    let checksums = checksums(&fs::read_to_string(folder.join("Cargo.lock"))?);
    let packages = metadata["packages"].as_array().context("cargo's metadata have no packages")?;
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let within = packages.iter().filter(|one| linked.contains(&(text(one, "name"), text(one, "version"))));
    let found: BTreeMap<_, _> = within.map(|package| component(package, &checksums)).collect();
    ensure!(found.len() == linked.len(), "cargo's tree of {program} and its metadata differ");
    Ok(found)
}

/// Names and versions in what `cargo tree` prints: `name v1.2.3 (/path) (*)`.
fn linked(tree: &str) -> BTreeSet<(String, String)> {
    let named = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    };
    tree.lines().filter_map(named).collect()
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

    fn package(name: &str) -> Value {
        json!({"name": name, "version": "1.0.0", "license": "MIT/Apache-2.0"})
    }

    #[test]
    fn what_is_linked_is_what_the_tree_has() {
        let tree = "agent v0.1.0 (/work/agent)\nlinked v1.0.0+more\nfar v2.0.0 (*)\n\nlinked v1.0.0+more (*)\n";
        let named = [("agent", "0.1.0"), ("far", "2.0.0"), ("linked", "1.0.0+more")];
        assert_eq!(linked(tree), named.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    }

    #[test]
    fn a_crate_has_its_licence_and_the_hash_of_what_was_downloaded() {
        let lock = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"linked\"\n\
                    version = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"00ff\"\n";
        let (purl, part) = component(&package("linked"), &checksums(lock));
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
