//! Paths of cgroups by id: those of processes outside a container that did something to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::Path;

/// How deep directories of cgroups are followed.
const DEPTH: u32 = 32;

/// The paths of the cgroups below `mount` with these ids (inode numbers of their directories). Those that
/// are gone have none.
#[must_use]
pub(crate) fn paths(mount: &Path, wanted: &BTreeSet<u64>) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return found;
    }
    if let Ok(root) = fs::metadata(mount)
        && wanted.contains(&root.ino())
    {
        found.insert(root.ino(), "/".to_owned());
    }
    below(mount, "", wanted, &mut found, DEPTH);
    found
}

/// The ids of the cgroups below `mount` whose paths are meant, parents before children.
#[must_use]
pub(crate) fn cgroups(mount: &Path, is_meant: &dyn Fn(&str) -> bool) -> Vec<u64> {
    fn below(dir: &Path, path: &str, is_meant: &dyn Fn(&str) -> bool, found: &mut Vec<u64>, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{path}/{name}");
            if is_meant(&path) {
                found.push(entry.ino());
            }
            below(&entry.path(), &path, is_meant, found, depth);
        }
    }
    let mut found = Vec::new();
    below(mount, "", is_meant, &mut found, DEPTH);
    found
}

fn below(dir: &Path, path: &str, wanted: &BTreeSet<u64>, found: &mut BTreeMap<u64, String>, depth: u32) {
    if depth == 0 || found.len() == wanted.len() {
        return;
    }
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{path}/{name}");
        if wanted.contains(&entry.ino()) {
            found.insert(entry.ino(), path.clone());
        }
        below(&entry.path(), &path, wanted, found, depth - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroups_are_found_by_what_their_paths_say_parents_first() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
        let id = |path: &str| fs::metadata(dir.path().join(path)).unwrap().ino();
        let found = cgroups(dir.path(), &|path| path.starts_with("/a/b"));
        assert_eq!(found, [id("a/b"), id("a/b/c")]);
    }

    #[test]
    fn directories_are_found_by_their_inode_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let (above, below) = (dir.path().join("a"), dir.path().join("a/b"));
        fs::create_dir_all(&below).unwrap();
        let id = |path: &Path| fs::metadata(path).unwrap().ino();
        let wanted = BTreeSet::from([id(&below), id(dir.path()), u64::MAX]);
        let found = paths(dir.path(), &wanted);
        assert_eq!(found.get(&id(&below)).map(String::as_str), Some("/a/b"));
        assert_eq!(found.get(&id(dir.path())).map(String::as_str), Some("/"));
        assert!(!found.contains_key(&id(&above)) && found.len() == 2);
    }
}
