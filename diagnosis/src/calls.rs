//! Kinds of calls, where only the name of a call is at hand.

pub(crate) use rewind_recording::syscalls::bits;
use rewind_recording::syscalls::by_name;

/// The argument that points to the bytes that the call of that name sends.
pub(crate) fn sent_argument(name: &str) -> Option<usize> {
    by_name(name)?.sent_argument()
}

/// Whether the call of that name has any of `bits`.
pub(crate) fn has(name: &str, bits: u64) -> bool {
    by_name(name).is_some_and(|row| row.has(bits))
}
