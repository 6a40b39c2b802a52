#![allow(clippy::expect_used, clippy::unwrap_used)]

use super::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;

fn image() -> Image {
    let entry = |path: &str, mode, content: &[u8]| Entry { path: path.to_owned(), mode, content: content.to_vec() };
    Image {
        arch: Arch::X86_64,
        name: "ghcr.io/rewind-rs/rewind-agent:1.2.3".to_owned(),
        program: "/rewind-agent".to_owned(),
        time_s: 1_790_000_000,
        revision: Some("0123abcd".to_owned()),
        entries: vec![entry("rewind-agent", 0o755, &[7; 70_000]), entry("sbom.json", 0o644, b"{}")],
    }
}

/// The files of an archive: mode, time, content.
fn files(archive: &[u8]) -> BTreeMap<String, (u32, u64, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let read = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let path = entry.path().unwrap().display().to_string();
        (path, (entry.header().mode().unwrap(), entry.header().mtime().unwrap(), content))
    });
    read.collect()
}

fn json_of(files: &BTreeMap<String, (u32, u64, Vec<u8>)>, path: &str) -> Value {
    serde_json::from_slice(&files[path].2).unwrap()
}

/// The blob that a descriptor names, which has the size and the digest that it tells.
fn blob_of(files: &BTreeMap<String, (u32, u64, Vec<u8>)>, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let content = &files[&format!("blobs/sha256/{digest}")].2;
    assert_eq!(content.len() as u64, descriptor["size"]);
    assert_eq!(hex(content), digest);
    content.clone()
}

#[test]
fn the_same_image_packed_twice_is_the_same_to_the_byte_in_whatever_order_it_was_told() {
    let mut other = image();
    other.entries.reverse();
    // Maps of the specification's types have another order in each process and each time.
    for _ in 0..8 {
        let (one, other) = (image().pack().unwrap(), other.pack().unwrap());
        assert_eq!(one.digest, other.digest);
        assert!(one.archive == other.archive);
    }
    let mut changed = image();
    changed.entries[0].content[0] = 8;
    assert_ne!(changed.pack().unwrap().digest, image().pack().unwrap().digest);
}

#[test]
fn whoever_follows_the_index_finds_the_layer_with_nothing_but_what_was_put_in() {
    let packed = image().pack().unwrap();
    let files_ = files(&packed.archive);
    assert_eq!(json_of(&files_, "oci-layout"), json!({"imageLayoutVersion": "1.0.0"}));
    let named = json_of(&files_, "index.json")["manifests"][0].clone();
    assert_eq!(named["digest"], packed.digest);
    assert_eq!(named["platform"], json!({"architecture": "amd64", "os": "linux"}));
    assert_eq!(named["annotations"][CONTAINERD_NAME], "ghcr.io/rewind-rs/rewind-agent:1.2.3");
    let manifest: Value = serde_json::from_slice(&blob_of(&files_, &named)).unwrap();
    let config: Value = serde_json::from_slice(&blob_of(&files_, &manifest["config"])).unwrap();
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    let mut tar = Vec::new();
    let layer = blob_of(&files_, &manifest["layers"][0]);
    flate2::read::GzDecoder::new(layer.as_slice()).read_to_end(&mut tar).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([format!("sha256:{}", hex(&tar))]));
    let inside = files(&tar);
    let seen: Vec<_> = inside.iter().map(|(path, (mode, time_s, _))| (path.as_str(), *mode, *time_s)).collect();
    assert_eq!(seen, [("rewind-agent", 0o755, 1_790_000_000), ("sbom.json", 0o644, 1_790_000_000)]);
    assert_eq!(inside["rewind-agent"].2, [7; 70_000]);
}

#[test]
fn the_configuration_says_what_runs_as_whom_and_where_it_comes_from() {
    let files = files(&image().pack().unwrap().archive);
    let docker = json_of(&files, "manifest.json");
    assert_eq!(docker[0]["RepoTags"], json!(["ghcr.io/rewind-rs/rewind-agent:1.2.3"]));
    let config = json_of(&files, docker[0]["Config"].as_str().unwrap());
    assert_eq!(config["config"]["Entrypoint"], json!(["/rewind-agent"]));
    assert_eq!(config["config"]["User"], "0:0");
    assert_eq!(config["created"], "2026-09-21T14:13:20Z");
    let labels = &config["config"]["Labels"];
    assert_eq!(labels["org.opencontainers.image.revision"], "0123abcd");
    assert_eq!(labels["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(labels["org.opencontainers.image.licenses"], "MIT OR Apache-2.0");
}

#[test]
fn the_other_machines_image_says_so() {
    let files = files(&Image { arch: Arch::Aarch64, ..image() }.pack().unwrap().archive);
    assert_eq!(json_of(&files, "index.json")["manifests"][0]["platform"]["architecture"], "arm64");
}
