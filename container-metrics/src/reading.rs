//! The files of one cgroup, and what could not be read.
//!
//! Each of its directories is opened once and its files by that, so that another cgroup that takes the path meanwhile
//! is not mixed in.

use crate::hierarchies::{Controller, Hierarchies, inside};
use rewind_host_metrics::Unread;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

/// Most of one file: a line a device takes 100 bytes, and nothing else is longer.
const MAX_BYTES: u64 = 256 << 10;
/// From here on a limit is none: v1 writes the largest number of pages in place of `max`.
const UNLIMITED: u64 = 1 << 62;

/// Why a cgroup has no figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no longer there, nor will it be again.
    #[error("the cgroup is gone")]
    Gone,
    /// The caller's path is none of a cgroup.
    #[error("the path leads out of the hierarchy")]
    Outside,
}

/// In which hierarchy a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hierarchy {
    V2,
    V1(Controller),
}

/// Reads a cgroup's files, and keeps what could not be read.
#[derive(Debug)]
pub(crate) struct Reading<'h> {
    /// Where devices have their names.
    pub(crate) sys: &'h Path,
    directories: BTreeMap<Hierarchy, Result<OwnedFd, Errno>>,
    is_there: bool,
    unread: Vec<Unread>,
}

impl<'h> Reading<'h> {
    /// Opens its directories.
    pub(crate) fn new(hierarchies: &'h Hierarchies, path: &Path) -> Result<Self, ReadError> {
        let path = inside(path).ok_or(ReadError::Outside)?;
        let v1 = hierarchies.v1.iter().map(|(controller, mount)| (Hierarchy::V1(*controller), mount));
        let all = hierarchies.unified.iter().map(|mount| (Hierarchy::V2, mount)).chain(v1);
        let shown = all.filter_map(|(hierarchy, mount)| Some((hierarchy, mount.at(path)?)));
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = shown.map(|(hierarchy, path)| (hierarchy, openat(CWD, path, flags, Mode::empty())));
        let directories: BTreeMap<_, _> = opened.collect();
        Ok(Self { sys: &hierarchies.sys, is_there: directories.is_empty(), directories, unread: Vec::new() })
    }

    /// In which hierarchy the files of a controller are.
    pub(crate) fn home(&self, controller: Controller) -> Hierarchy {
        let v1 = Hierarchy::V1(controller);
        if self.directories.get(&v1).is_some_and(Result::is_ok) { v1 } else { Hierarchy::V2 }
    }

    /// Figures of a file that there is on every kernel; nothing, and told, if it cannot be read or `parse` finds none.
    pub(crate) fn file<T>(&mut self, at: Hierarchy, file: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.take(at, file, true, parse)
    }

    /// The same of a file that is not there on every kernel, or without its controller.
    pub(crate) fn maybe<T>(&mut self, at: Hierarchy, file: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.take(at, file, false, parse)
    }

    /// What could not be read.
    pub(crate) fn finish(mut self) -> Result<Vec<Unread>, ReadError> {
        if self.directories.is_empty() {
            self.unread("cgroup", "no hierarchy is mounted that shows it");
        }
        if self.is_there { Ok(self.unread) } else { Err(ReadError::Gone) }
    }

    fn take<T>(
        &mut self,
        at: Hierarchy,
        file: &str,
        is_needed: bool,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let error = match read(self.directories.get(&at)?, file) {
            Ok(text) => {
                self.is_there = true;
                let figures = parse(&text);
                if figures.is_none() {
                    self.unread(file, "nothing in it is understood");
                }
                return figures;
            }
            Err(error) => error,
        };
        let errno = Errno::from_io_error(&error);
        let is_gone = matches!(errno, Some(Errno::NOENT | Errno::NODEV));
        self.is_there |= !is_gone;
        // Pressure is not supported where it was switched off.
        if errno != Some(Errno::OPNOTSUPP) && (is_needed || !is_gone) {
            self.unread(file, error);
        }
        None
    }

    fn unread(&mut self, what: &str, why: impl Display) {
        self.unread.push(Unread { what: what.to_owned(), why: why.to_string() });
    }
}

fn read(directory: &Result<OwnedFd, Errno>, file: &str) -> io::Result<String> {
    let directory = directory.as_ref().map_err(|errno| io::Error::from(*errno))?;
    let mut bytes = Vec::new();
    let file = openat(directory, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    File::from(file).take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The only number of a file.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The only limit of a file; the inner `None`: there is no limit.
pub(crate) fn limit(text: &str) -> Option<Option<u64>> {
    match text.trim() {
        "max" => Some(None),
        number => Some(Some(number.parse().ok()?).filter(|number| *number < UNLIMITED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_none_is_told_from_one_that_is_not_understood() {
        assert_eq!(["max\n", "9223372036854771712\n"].map(limit), [Some(None); 2]);
        assert_eq!((limit("128\n"), limit("0\n")), (Some(Some(128)), Some(Some(0))));
        assert_eq!(["", "-1", "maximum", "18446744073709551616"].map(limit), [None; 4]);
    }
}
