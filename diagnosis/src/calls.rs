//! Kinds of calls, where only the name of a call is at hand.

use rewind_recording::call::Call;
pub(crate) use rewind_recording::syscalls::bits;
use rewind_recording::syscalls::by_name;

/// The argument that points to the bytes that the call of that name sends.
pub(crate) fn sent_argument(name: &str) -> Option<usize> {
    by_name(name)?.sent_argument()
}

/// Whether the call, of that name, opens with a flag.
pub(crate) fn opens_with(name: &str, call: &Call<'_>, flag: u64) -> bool {
    let at = if name == "open" { 1 } else { 2 };
    call.value(at).is_some_and(|flags| flags & flag != 0)
}

/// Whether the call of that name has any of `bits`.
pub(crate) fn has(name: &str, bits: u64) -> bool {
    by_name(name).is_some_and(|row| row.has(bits))
}
