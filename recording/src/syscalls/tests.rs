//! The table is whole: no number is missing, none stands twice, and capture follows from the rows.

use super::arg::ArgKind;
use super::{Arch, all, bits, by_name, by_number, capture_table, class};
use rewind_common::capture::{OPS, capture_flags, op, when};
use std::collections::BTreeMap;

const BOTH: [Arch; 2] = [Arch::X86_64, Arch::Aarch64];

#[test]
fn every_number_that_an_architecture_gives_has_a_row() {
    for nr in (0..=334).chain(424..=469) {
        assert!(by_number(Arch::X86_64, nr).is_some(), "x86-64 {nr}");
    }
    for nr in (0..=243).chain(260..=294).chain(424..=469) {
        assert!(by_number(Arch::Aarch64, nr).is_some(), "arm64 {nr}");
    }
}

#[test]
fn no_number_and_no_name_stands_twice() {
    for arch in BOTH {
        let mut numbers = BTreeMap::new();
        for row in all() {
            if let Some(nr) = row.number(arch) {
                assert_eq!(numbers.insert(nr, row.name), None, "{arch:?} {nr} {}", row.name);
            }
        }
    }
    let mut names = BTreeMap::new();
    for row in all() {
        assert!(names.insert(row.name, ()).is_none(), "{}", row.name);
    }
}

#[test]
fn capture_copies_at_most_as_much_as_a_row_holds() {
    for arch in BOTH {
        for (nr, capture) in capture_table(arch).iter().enumerate() {
            let Some(row) = by_number(arch, nr as u16) else {
                assert_eq!(capture.flags, 0);
                continue;
            };
            assert_eq!(capture.flags & capture_flags::KNOWN, capture_flags::KNOWN);
            assert!(usize::from(capture.exit_ops + capture.enter_ops) <= OPS, "{}", row.name);
            for op in capture.ops.iter().take(usize::from(capture.exit_ops + capture.enter_ops)) {
                assert_ne!(op.kind, op::NONE, "{}", row.name);
                assert!(usize::from(op.arg) < row.args.len() && usize::from(op.size_arg) < 6, "{}", row.name);
            }
        }
    }
}

#[test]
fn openat_copies_its_path_when_it_returns() {
    let capture = super::capture(by_name("openat").unwrap(), Arch::X86_64);
    assert_eq!((capture.args, capture.exit_ops, capture.enter_ops), (4, 1, 0));
    assert_eq!((capture.ops[0].arg, capture.ops[0].kind, capture.ops[0].when), (1, op::STRING, 0));
    assert_eq!(capture.flags, capture_flags::KNOWN | capture_flags::DECISIVE);
}

#[test]
fn execve_copies_path_and_argv_when_it_starts() {
    let capture = super::capture(by_name("execve").unwrap(), Arch::X86_64);
    assert_eq!((capture.args, capture.exit_ops, capture.enter_ops), (3, 0, 3));
    assert_eq!([0, 1, 2].map(|i| capture.ops[i].kind), [op::STRING, op::STRINGS, op::COUNT_STRINGS]);
    assert_eq!(capture.flags, capture_flags::KNOWN | capture_flags::DECISIVE | capture_flags::RENAMES);
}

#[test]
fn stat_copies_the_part_that_is_shown_of_each_layout() {
    let row = by_name("fstat").unwrap();
    let part = |arch| {
        let op = super::capture(row, arch).ops[0];
        (op.offset, op.size, op.when)
    };
    assert_eq!(part(Arch::X86_64), (24, 32, when::SUCCESS));
    assert_eq!(part(Arch::Aarch64), (16, 40, when::SUCCESS));
}

#[test]
fn poll_copies_its_descriptors_before_and_after() {
    let capture = super::capture(by_name("poll").unwrap(), Arch::X86_64);
    assert_eq!((capture.exit_ops, capture.enter_ops), (1, 1));
    assert_eq!((capture.ops[0].when, capture.ops[1].when), (when::SUCCESS, 0));
}

#[test]
fn a_length_is_noted_when_the_call_starts_where_it_is_shown() {
    for row in all() {
        let capture = super::capture(row, Arch::X86_64);
        let has_length = row
            .args
            .iter()
            .any(|kind| matches!(kind, ArgKind::AddressLen(_) | ArgKind::SockoptLen(_) | ArgKind::MessageOut));
        assert_eq!(capture.flags & capture_flags::LENGTH != 0, has_length, "{}", row.name);
    }
}

#[test]
fn pselect_copies_all_that_it_shows() {
    let capture = super::capture(by_name("pselect6").unwrap(), Arch::X86_64);
    let kinds = capture.ops.map(|op| op.kind);
    assert_eq!((capture.exit_ops, capture.enter_ops), (2, 3));
    assert_eq!(kinds[..5], [op::FD_SETS, op::FIXED, op::FD_SETS, op::FIXED, op::BOXED]);
}

#[test]
fn write_is_payload_unless_it_is_the_log() {
    let capture = super::capture(by_name("write").unwrap(), Arch::X86_64);
    assert_eq!((capture.ops[0].kind, capture.ops[0].when), (op::PAYLOAD_IN, when::LOG));
    let read = super::capture(by_name("read").unwrap(), Arch::X86_64);
    assert_eq!((read.ops[0].kind, read.ops[0].when), (op::PAYLOAD_OUT, when::SUCCESS));
}

#[test]
fn classes_are_those_of_strace() {
    let names = |class: &str| class::rows(class).unwrap().map(|row| row.name).collect::<Vec<_>>();
    assert!(names("%file").contains(&"openat") && names("file").contains(&"execve"));
    assert!(names("%network").contains(&"connect") && names("net").contains(&"sendfile"));
    assert!(names("%process").contains(&"wait4"));
    assert_eq!(names("%stat"), ["stat"]);
    assert_eq!(names("%%stat").len(), 5);
    assert!(class::rows("stat").is_none(), "stat without % is the call");
    assert!(class::rows("%nonsense").is_none());
    assert!(by_name("futex").unwrap().has(bits::ORDINARY));
}
