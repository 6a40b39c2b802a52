//! Files as text, and what could not be read.

use crate::roots::Roots;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// Something that is left out because it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which file, below `/proc`, or which mount.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Reads a host's files, and keeps what could not be read.
#[derive(Debug)]
pub(crate) struct Reading<'r> {
    pub(crate) roots: &'r Roots,
    pub(crate) unread: Vec<Unread>,
}

impl<'r> Reading<'r> {
    pub(crate) const fn new(roots: &'r Roots) -> Self {
        Self { roots, unread: Vec::new() }
    }

    /// Figures from a file below `/proc`; nothing, and told, if it cannot be read or `parse` finds none in it.
    pub(crate) fn proc<T>(&mut self, file: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = match read(&self.roots.proc.join(file)) {
            Ok(text) => text,
            Err(error) => {
                self.unread(file, error);
                return None;
            }
        };
        let figures = parse(&text);
        if figures.is_none() {
            self.unread(file, "nothing in it is understood");
        }
        figures
    }

    pub(crate) fn unread(&mut self, what: &str, why: impl fmt::Display) {
        self.unread.push(Unread { what: what.to_owned(), why: why.to_string() });
    }
}

/// A file of the kernel's. Names of devices and paths in it are bytes.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// The only number in a file.
pub(crate) fn number(path: &Path) -> Option<u64> {
    read(path).ok()?.trim().parse().ok()
}
