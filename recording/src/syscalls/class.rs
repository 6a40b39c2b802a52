//! Classes of calls, as `strace -e trace=` names them.

use super::bits::*;
use super::{Row, all};

/// The bits of a class's name, with or without its `%` (`%%stat` needs both).
#[must_use]
pub fn bits(name: &str) -> Option<u64> {
    Some(match name {
        "%%stat" => STAT | LSTAT | FSTAT | STATX,
        "%%statfs" => STATFS | FSTATFS | USTAT,
        _ => match name.strip_prefix('%').unwrap_or(name) {
            "file" => FILE,
            "desc" => DESC,
            "process" => PROCESS,
            "net" | "network" => NETWORK,
            "signal" => SIGNAL,
            "memory" => MEMORY,
            "ipc" => IPC,
            "creds" => CREDS,
            "clock" => CLOCK,
            "pure" => PURE,
            "stat" => STAT,
            "lstat" => LSTAT,
            "fstat" => FSTAT,
            "statfs" => STATFS,
            "fstatfs" => FSTATFS,
            _ => return None,
        },
    })
}

/// The rows of a class. A class written without `%` is that class only where no call has the name
/// (`stat` is a call, `%stat` a class).
pub fn rows(name: &str) -> Option<impl Iterator<Item = &'static Row>> {
    if !name.starts_with('%') && super::by_name(name).is_some() {
        return None;
    }
    let wanted = bits(name)?;
    Some(all().filter(move |row| row.has(wanted)))
}
