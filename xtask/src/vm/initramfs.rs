//! An initramfs: a cpio archive of the "newc" format (`Documentation/driver-api/early-userspace/buffer-format.rst`).

use anyhow::{Context as _, Result};
use std::fs;
use std::path::Path;

/// The archive so far.
#[derive(Default)]
pub(super) struct Initramfs {
    bytes: Vec<u8>,
    entries: u32,
}

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;
/// `/dev/console` (`Documentation/admin-guide/devices.txt`).
const CONSOLE: (u32, u32) = (5, 1);

impl Initramfs {
    /// An empty directory.
    pub(super) fn dir(&mut self, name: &str) -> Result<()> {
        self.entry(name, DIRECTORY, (0, 0), &[])
    }

    /// The console, which the kernel opens for init.
    pub(super) fn console(&mut self, name: &str) -> Result<()> {
        self.entry(name, CHARACTER_DEVICE, CONSOLE, &[])
    }

    /// A copy of a program.
    pub(super) fn program(&mut self, name: &str, from: &Path) -> Result<()> {
        self.executable(name, &fs::read(from).with_context(|| format!("reading {}", from.display()))?)
    }

    /// A program.
    pub(super) fn executable(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.entry(name, PROGRAM, (0, 0), bytes)
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        self.entries += 1;
        let size = u32::try_from(content.len()).context("more than an initramfs can hold")?;
        let name_size = u32::try_from(name.len() + 1)?;
        let (number, links) = (self.entries, 1);
        let header = [number, mode, 0, 0, links, 0, size, 0, 0, device.0, device.1, name_size, 0]
            .map(|field| format!("{field:08x}"));
        self.bytes.extend_from_slice(b"070701");
        self.bytes.extend_from_slice(header.concat().as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_ends_with_its_trailer_and_is_aligned() -> Result<()> {
        let mut archive = Initramfs::default();
        archive.dir("bin")?;
        archive.console("dev/console")?;
        let bytes = archive.finish()?;
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("07070100000001000041ed"), "{text}");
        assert!(text.trim_end_matches('\0').ends_with("TRAILER!!!"), "{text}");
        assert_eq!(text.matches("070701").count(), 3);
        assert_eq!(bytes.len() % 4, 0);
        Ok(())
    }
}
