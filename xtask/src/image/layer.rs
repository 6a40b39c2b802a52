//! A layer: files in a tar archive, compressed.

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use std::io::Write as _;

/// A file of the image.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Below the root, without a slash in front.
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) content: Vec<u8>,
}

/// The files as an archive: root's, sorted, all of one time.
pub(super) fn tar(entries: &[Entry], time_s: i64) -> Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    let mut archive = tar::Builder::new(Vec::new());
    for entry in sorted {
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.content.len() as u64);
        header.set_mode(entry.mode);
        header.set_mtime(u64::try_from(time_s)?);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, &entry.path, entry.content.as_slice())?;
    }
    Ok(archive.into_inner()?)
}

/// gzip, without a time and a name of its own.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    compressed.write_all(bytes)?;
    Ok(compressed.finish()?)
}
