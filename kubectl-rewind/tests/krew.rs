//! The manifest for krew's index, by the rules that krew's own `validate-krew-manifest` has (v0.4: `validation.go`), and
//! those of its index' reviewers.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::collections::BTreeSet;

const MANIFEST: &str = include_str!("../../manifests/krew/rewind.yaml");

fn manifest() -> Value {
    serde_saphyr::from_str(MANIFEST).unwrap()
}

#[test]
fn it_is_a_plugin_of_the_api_that_krew_reads_named_as_its_file() {
    let manifest = manifest();
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"rewind".into()));
}

#[test]
fn its_version_is_this_one() {
    assert_eq!(manifest()["spec"]["version"], format!("v{}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn its_description_is_short_and_says_more_below() {
    let spec = &manifest()["spec"];
    let short = spec["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50 && !short.contains('\n') && !short.ends_with('.'), "{short}");
    let longest = spec["description"].as_str().unwrap().lines().map(str::len).max().unwrap();
    assert!(longest <= 80, "{longest}");
}

#[test]
fn each_platform_has_one_archive_with_a_sum_and_a_program_in_it() {
    let manifest = manifest();
    let mut seen = BTreeSet::new();
    for platform in manifest["spec"]["platforms"].as_array().unwrap() {
        let labels = &platform["selector"]["matchLabels"];
        let (os, arch) = (labels["os"].as_str().unwrap(), labels["arch"].as_str().unwrap());
        assert!(seen.insert((os.to_owned(), arch.to_owned())), "{os}/{arch} stands there twice");
        let uri = platform["uri"].as_str().unwrap();
        assert!(uri.starts_with("https://") && uri.contains(&format!("-{os}-{arch}.")), "{uri}");
        assert!(uri.contains(&format!("/v{}/", env!("CARGO_PKG_VERSION"))), "{uri}");
        assert!(uri.ends_with(".tar.gz") || uri.ends_with(".zip"), "{uri}");
        let sum = platform["sha256"].as_str().unwrap();
        assert!(sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{sum}");
        let program = if os == "windows" { "kubectl-rewind.exe" } else { "kubectl-rewind" };
        assert_eq!(platform["bin"], program);
    }
    let wanted =
        [("darwin", "amd64"), ("darwin", "arm64"), ("linux", "amd64"), ("linux", "arm64"), ("windows", "amd64")];
    let wanted = wanted.map(|(os, arch)| (os.to_owned(), arch.to_owned()));
    assert_eq!(seen, BTreeSet::from(wanted));
}
