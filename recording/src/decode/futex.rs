//! The arguments of `futex` that have a form of their own.

use super::text::{hex, hex_or_zero};

/// Bits that are waited for, or woken.
pub(super) fn bits(out: &mut String, value: u32) {
    if value == u32::MAX { out.push_str("FUTEX_BITSET_MATCH_ANY") } else { hex_or_zero(out, u64::from(value)) }
}

/// `FUTEX_OP` and its parts (`linux/futex.h`).
pub(super) fn wake_operation(out: &mut String, value: u32) {
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
