//! An image as one file: an OCI layout in a tar archive, which `ctr images import`, `skopeo` (`oci-archive:`), `podman
//! load` and `docker load` take.
//!
//! ```text
//! oci-layout                the version of the layout
//! index.json                which manifest, under which name
//! manifest.json             the same, for `docker load`
//! blobs/sha256/<digest>     the manifest, the image's configuration, the layer
//! ```

use super::layer::{self, Entry};
use crate::vm::Arch;
use anyhow::{Context as _, Result};
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REF_NAME, ANNOTATION_REVISION,
    ANNOTATION_SOURCE, ANNOTATION_TITLE, ANNOTATION_VERSION, Arch as OciArch, ConfigBuilder, Descriptor,
    DescriptorBuilder, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder, MediaType,
    OciLayoutBuilder, Os, PlatformBuilder, RootFsBuilder, SCHEMA_VERSION, Sha256Digest,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::str::FromStr as _;

/// The name that containerd gives what it imports.
const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// What an image is.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) arch: Arch,
    /// With its tag.
    pub(super) name: String,
    /// What is run.
    pub(super) program: String,
    /// Of everything in it, Unix time.
    pub(super) time_s: i64,
    /// The commit.
    pub(super) revision: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// An image that is ready.
pub(super) struct Packed {
    pub(super) archive: Vec<u8>,
    /// Of its manifest, by which it can be pulled: `sha256:...`.
    pub(super) digest: String,
}

impl Image {
    pub(super) fn pack(&self) -> Result<Packed> {
        let created = jiff::Timestamp::from_second(self.time_s)?.to_string();
        let tar = layer::tar(&self.entries, self.time_s)?;
        let layer = layer::gzip(&tar)?;
        let labels = self.labels(&created);
        let user = ConfigBuilder::default().user("0:0").entrypoint(vec![self.program.clone()]);
        let config = ImageConfigurationBuilder::default()
            .created(created.as_str())
            .architecture(self.platform())
            .os(Os::Linux)
            .config(user.labels(labels.clone()).working_dir("/").build()?)
            .rootfs(RootFsBuilder::default().typ("layers").diff_ids(vec![format!("sha256:{}", hex(&tar))]).build()?)
            .history(vec![HistoryBuilder::default().created(created).created_by("cargo xtask image").build()?])
            .build()?;
        let config = sorted(&config)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(MediaType::ImageConfig, &config)?)
            .layers(vec![descriptor(MediaType::ImageLayerGzip, &layer)?])
            .annotations(labels)
            .build()?;
        let manifest = sorted(&manifest)?;
        let index = sorted(&self.index(&manifest)?)?;
        let for_docker = json!([{
            "Config": blob(&config),
            "Layers": [blob(&layer)],
            "RepoTags": [self.name],
        }]);
        let files = [
            ("oci-layout".to_owned(), sorted(&OciLayoutBuilder::default().image_layout_version("1.0.0").build()?)?),
            ("index.json".to_owned(), index),
            ("manifest.json".to_owned(), sorted(&for_docker)?),
            (blob(&config), config),
            (blob(&layer), layer),
            (blob(&manifest), manifest.clone()),
        ];
        let entries = files.map(|(path, content)| Entry { path, mode: 0o644, content });
        Ok(Packed { archive: layer::tar(&entries, self.time_s)?, digest: format!("sha256:{}", hex(&manifest)) })
    }

    fn index(&self, manifest: &[u8]) -> Result<oci_spec::image::ImageIndex> {
        let (_, tag) = self.name.rsplit_once(':').context("the image has no tag")?;
        let names = [(ANNOTATION_REF_NAME, tag), (CONTAINERD_NAME, &self.name)];
        let annotations = names.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let named = DescriptorBuilder::default()
            .media_type(MediaType::ImageManifest)
            .size(manifest.len() as u64)
            .digest(Sha256Digest::from_str(&hex(manifest))?)
            .platform(PlatformBuilder::default().architecture(self.platform()).os(Os::Linux).build()?)
            .annotations(HashMap::from(annotations))
            .build()?;
        let index = ImageIndexBuilder::default().schema_version(SCHEMA_VERSION).media_type(MediaType::ImageIndex);
        Ok(index.manifests(vec![named]).build()?)
    }

    fn labels(&self, created: &str) -> HashMap<String, String> {
        let mut labels = HashMap::from(
            [
                (ANNOTATION_CREATED, created),
                (ANNOTATION_DESCRIPTION, "Rewind's agent: a flight recorder for the containers of a node"),
                (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
                (ANNOTATION_SOURCE, env!("CARGO_PKG_REPOSITORY")),
                (ANNOTATION_TITLE, "rewind-agent"),
                (ANNOTATION_VERSION, env!("CARGO_PKG_VERSION")),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        labels.extend(self.revision.clone().map(|revision| (ANNOTATION_REVISION.to_owned(), revision)));
        labels
    }

    fn platform(&self) -> OciArch {
        match self.arch {
            Arch::X86_64 => OciArch::Amd64,
            Arch::Aarch64 => OciArch::ARM64,
        }
    }
}

/// As JSON with its keys in order: maps of `oci_spec` have none.
fn sorted(what: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&serde_json::to_value(what)?)?)
}

fn descriptor(media_type: MediaType, content: &[u8]) -> Result<Descriptor> {
    Ok(Descriptor::new(media_type, content.len() as u64, Sha256Digest::from_str(&hex(content))?))
}

fn blob(content: &[u8]) -> String {
    format!("blobs/sha256/{}", hex(content))
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
