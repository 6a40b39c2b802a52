//! What of a record is text: by the syscall table, as everything is that is known of a call's arguments.

use super::name::{self, Name};
use crate::blobs::{Bytes, TextKind, TextSpan};
use crate::call::Call;
use crate::decode;
use crate::syscalls::Arch;
use crate::syscalls::commands::sockopt::{self, OptionValue};
use crate::syscalls::pointee::TextPart;
use rewind_common::call::part;
use zerocopy::FromBytes as _;

const WHOLE: Option<TextSpan> = Some(TextSpan::WHOLE);
/// A socket address is its family (`sa_family_t`), and then text if that is `AF_UNIX`.
const UNIX_PATH: Option<TextSpan> = Some(TextSpan { from: 2, kind: TextKind::Text });
/// All of it, whatever it says.
const SECRET: Option<TextSpan> = Some(TextSpan { from: 0, kind: TextKind::Secret });
const AF_UNIX: u16 = 1;

/// Where the text of a blob of `call` is; `None` if it is none.
pub(super) fn of(call: &Call<'_>, blob: &Bytes<'_>, arch: Arch) -> Option<TextSpan> {
    if blob.pointer().is_some() {
        return None;
    }
    // A call that is not in the table has no blobs; if it has, they may be anything.
    let Some(kind) = decode::kind(call, blob.arg, arch) else { return WHOLE };
    let is_unix = || u16::read_from_prefix(blob.bytes).is_ok_and(|(family, _)| family == AF_UNIX);
    match (kind.pointee(blob.arg, arch).text, blob.part) {
        (TextPart::Nothing, _) => None,
        (TextPart::Whole, _) => WHOLE,
        (TextPart::Strings, _) => Some(TextSpan::STRINGS),
        (TextPart::Setting, _) => {
            if names_secret(call) {
                SECRET
            } else {
                WHOLE
            }
        }
        (TextPart::SocketOption, _) => {
            match sockopt::value(call.value(1).unwrap_or_default(), call.value(2).unwrap_or_default()) {
                OptionValue::Secret => SECRET,
                OptionValue::Text => WHOLE,
                OptionValue::Plain | OptionValue::Linger | OptionValue::Credentials | OptionValue::Errno => None,
            }
        }
        (TextPart::Address, part::WHOLE) | (TextPart::Vector, part::NAME) => {
            if is_unix() {
                UNIX_PATH
            } else {
                None
            }
        }
        (TextPart::Vector, part::BYTES..) => WHOLE,
        (TextPart::Address | TextPart::Vector, _) => None,
    }
}

/// Whether `fsconfig` (fd, command, key, value, ...) sets what is a secret by its key.
fn names_secret(call: &Call<'_>) -> bool {
    let Some(key) = call.blob(2, part::WHOLE).filter(|key| key.pointer().is_none()) else { return false };
    name::of(key.bytes.split(|byte| *byte == 0).next().unwrap_or_default()) != Name::Plain
}
