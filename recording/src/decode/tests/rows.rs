//! What holds for arguments of every row.

use super::super::Printer;
use super::*;
use crate::syscalls;
use crate::syscalls::arg::ArgKind;

/// The text of argument `i` alone, of a call of a row with `value` in each register.
fn argument_text(row: &syscalls::Row, i: usize, value: u64) -> String {
    let nr = row.number(Arch::X86_64).unwrap();
    let bytes = row.args.iter().fold(single(nr), |call, _| call.arg(value)).build();
    let invocation = Invocation { call: parsed(&bytes), enter: None };
    let (mut out, style) = (String::new(), Style::default());
    Printer::new(&mut out, &invocation, &style, None).argument(i, row.args[i]);
    out
}

#[test]
fn no_descriptor_is_minus_one_in_every_row() {
    for row in syscalls::all().filter(|row| row.number(Arch::X86_64).is_some()) {
        for (i, kind) in row.args.iter().enumerate() {
            let none = if matches!(kind, ArgKind::MarkFd) { "FAN_NOFD" } else { "-1" };
            if matches!(kind, ArgKind::Fd | ArgKind::DirFd | ArgKind::MapFd | ArgKind::MarkFd | ArgKind::Int) {
                assert_eq!(argument_text(row, i, u64::from(u32::MAX)), none, "{} {i}", row.name);
            }
        }
    }
}

#[test]
fn every_bit_of_every_row_has_its_name_or_is_said_to_have_none() {
    for row in syscalls::all().filter(|row| row.number(Arch::X86_64).is_some()) {
        for (i, kind) in row.args.iter().enumerate() {
            let ArgKind::Flags(set) = kind else { continue };
            for bit in (0..if set.wide { 64 } else { 32 }).map(|bit| 1_u64 << bit) {
                let text = argument_text(row, i, bit);
                let known = set.name(bit);
                let unknown = format!("{bit:#x} /* {} */", set.unknown);
                assert_eq!(text, known.map_or(unknown, str::to_owned), "{} {i}", row.name);
            }
            assert!(set.unknown.contains('?'), "{} {i}", row.name);
        }
    }
}
