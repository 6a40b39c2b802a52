//! What of a record is text: by the syscall table, as everything is that is known of a call's arguments.

use super::name::{self, Name};
use crate::decode;
use crate::record::{Bytes, Call, TextKind, TextSpan};
use crate::syscalls::Arch;
use crate::syscalls::arg::ArgKind;
use rewind_common::call::part;
use zerocopy::FromBytes as _;

const WHOLE: Option<TextSpan> = Some(TextSpan::WHOLE);
/// A socket address is its family (`sa_family_t`), and then text if that is `AF_UNIX`.
const UNIX_PATH: Option<TextSpan> = Some(TextSpan { from: 2, kind: TextKind::Text });
const AF_UNIX: u16 = 1;

/// Where the text of a blob of `call` is; `None` if it is none.
pub(super) fn of(call: &Call<'_>, blob: &Bytes<'_>, arch: Arch) -> Option<TextSpan> {
    if blob.pointer().is_some() {
        return None;
    }
    // A call that is not in the table has no blobs; if it has, they may be anything.
    let Some(row) = decode::row(call, arch) else { return WHOLE };
    let address = || u16::read_from_prefix(blob.bytes).is_ok_and(|(family, _)| family == AF_UNIX);
    let Some(kind) = row.args.get(blob.arg) else { return WHOLE };
    match (kind, blob.part) {
        (ArgKind::Argv, _) => Some(TextSpan::STRINGS),
        (ArgKind::FsconfigValue, _) if names_secret(call) => Some(TextSpan { from: 0, kind: TextKind::Secret }),
        (
            ArgKind::Path
            | ArgKind::PathOrNull
            | ArgKind::PathOut
            | ArgKind::LinkOut
            | ArgKind::Name
            | ArgKind::NameOrNull
            | ArgKind::NameOf(_)
            | ArgKind::FsconfigValue
            | ArgKind::BytesIn(_)
            | ArgKind::LogBytes(_)
            | ArgKind::BytesOut,
            _,
        ) => WHOLE,
        (ArgKind::AddressIn(_) | ArgKind::AddressOut(_), _) | (_, part::NAME) if address() => UNIX_PATH,
        // What vectors of `iovec` and messages point to.
        (_, part::BYTES..) if !matches!(kind, ArgKind::In(_)) => WHOLE,
        _ => None,
    }
}

/// Whether `fsconfig` (fd, command, key, value, ...) sets what is a secret by its key.
fn names_secret(call: &Call<'_>) -> bool {
    let Some(key) = call.blob(2, part::WHOLE).filter(|key| key.pointer().is_none()) else { return false };
    name::of(key.bytes.split(|byte| *byte == 0).next().unwrap_or_default()) != Name::Plain
}
