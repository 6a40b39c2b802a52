//! The arguments of `futex`, which depend on its operation.

use super::text::{comment, decimal, hex, hex_or_zero};
use crate::syscalls::flags::ipc;

/// Bits beside the operation of `futex`.
const FUTEX_FLAGS: u32 = 0x180;

/// What the fourth argument of `futex` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fourth {
    /// Not used.
    Nothing,
    /// A time.
    Time,
    /// A number.
    Number,
}

/// Which arguments an operation of `futex` uses: value, fourth, second address, third value
/// (futex(2)).
pub(super) const fn shows(operation: u64) -> (bool, Fourth, bool, bool) {
    match operation as u32 & !FUTEX_FLAGS {
        0 => (true, Fourth::Time, false, false),
        1 | 2 => (true, Fourth::Nothing, false, false),
        3 => (true, Fourth::Number, true, false),
        4 | 5 | 12 => (true, Fourth::Number, true, true),
        6 | 13 => (false, Fourth::Time, false, false),
        7 | 8 => (false, Fourth::Nothing, false, false),
        9 => (true, Fourth::Time, false, true),
        10 => (true, Fourth::Nothing, false, true),
        11 => (true, Fourth::Time, true, false),
        _ => (true, Fourth::Number, true, true),
    }
}

/// `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`.
pub(super) fn operation(out: &mut String, operation: u32) {
    let name = ipc::FUTEX.name(u64::from(operation & !FUTEX_FLAGS));
    match name {
        Some(name) => {
            out.push_str(name);
            if operation & 0x80 != 0 {
                out.push_str("_PRIVATE");
            }
            if operation & 0x100 != 0 {
                out.push_str("|FUTEX_CLOCK_REALTIME");
            }
        }
        None => {
            hex(out, u64::from(operation));
            comment(out, "FUTEX_???");
        }
    }
}

/// The last argument of `futex`: a bit set, a value, or an operation.
pub(super) fn third(out: &mut String, operation: u64, value: u32) {
    match operation as u32 & !FUTEX_FLAGS {
        9 | 10 if value == u32::MAX => out.push_str("FUTEX_BITSET_MATCH_ANY"),
        9 | 10 => hex_or_zero(out, u64::from(value)),
        5 => wake_operation(out, value),
        4 | 12 => decimal(out, u64::from(value)),
        _ => hex_or_zero(out, u64::from(value)),
    }
}

/// `FUTEX_OP` and its parts (`linux/futex.h`).
fn wake_operation(out: &mut String, value: u32) {
    let operations = ["FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"];
    let compares = [
        "FUTEX_OP_CMP_EQ",
        "FUTEX_OP_CMP_NE",
        "FUTEX_OP_CMP_LT",
        "FUTEX_OP_CMP_LE",
        "FUTEX_OP_CMP_GT",
        "FUTEX_OP_CMP_GE",
    ];
    if value >> 31 != 0 {
        out.push_str("FUTEX_OP_OPARG_SHIFT<<28|");
    }
    let mut named = |names: &[&str], number: u32| match names.get(number as usize) {
        Some(name) => out.push_str(name),
        None => hex(out, u64::from(number)),
    };
    named(&operations, value >> 28 & 7);
    let parts = [value >> 12 & 0xfff, value & 0xfff];
    named(&["<<28|"], 0);
    hex_or_zero(out, u64::from(parts[0]));
    out.push_str("<<12|");
    match compares.get((value >> 24 & 0xf) as usize) {
        Some(name) => out.push_str(name),
        None => hex(out, u64::from(value >> 24 & 0xf)),
    }
    out.push_str("<<24|");
    hex_or_zero(out, u64::from(parts[1]));
}
