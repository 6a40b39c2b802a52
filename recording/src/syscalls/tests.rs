//! The table is whole: no number is missing, none stands twice, and capture follows from the rows.

use super::arg::ArgKind;
use super::{Arch, Made, Return, all, bits, by_name, by_number, capture_table, class};
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
fn pointers_in_vectors_of_32_bit_calls_are_narrow() {
    let table = super::compat_table(Arch::X86_64);
    let execve = &table[11];
    let kinds = execve.ops.map(|op| (op.kind, op.when & when::NARROW != 0));
    assert_eq!(kinds[..3], [(op::STRING, false), (op::STRINGS, true), (op::COUNT_STRINGS, true)]);
    let socketcall = &table[102];
    let words: Vec<_> =
        socketcall.ops.iter().filter(|op| op.kind == op::WORDS).map(|op| (op.size, op.offset)).collect();
    assert_eq!(words, [(12, 0), (12, 1), (8, 0), (24, 4)]);
    assert_eq!(socketcall.commands, [1, 2, 3, 4, 11, 0]);
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
                let is_mask = op.when & when::COMMAND != 0 && matches!(op.kind, op::FIXED | op::STRING);
                assert!(usize::from(op.arg) < row.args.len(), "{}", row.name);
                assert!(is_mask || usize::from(op.size_arg) < 6, "{}", row.name);
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
fn what_is_another_when_the_call_returns_is_noted_when_it_starts() {
    for row in all() {
        let capture = super::capture(row, Arch::X86_64);
        let is_length = |kind: &ArgKind| matches!(kind, ArgKind::AddressLen(_) | ArgKind::SockoptLen(_));
        let is_other = |kind: &ArgKind| matches!(kind, ArgKind::MessageOut | ArgKind::FrameMask);
        let notes = row.args.iter().any(|kind| is_length(kind) || is_other(kind));
        assert_eq!(capture.flags & capture_flags::NOTES != 0, notes, "{}", row.name);
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

/// The operation of argument `arg`, and the commands that it is done for; `None`: for any.
fn of_commands(name: &str, arg: u8) -> (u8, Option<Vec<u32>>) {
    let capture = super::capture(by_name(name).unwrap(), Arch::X86_64);
    let op = capture.ops.iter().find(|op| op.kind != op::NONE && op.arg == arg).unwrap();
    let of =
        capture.commands.iter().enumerate().filter(|(i, _)| op.size_arg >> i & 1 == 1).map(|(_, command)| *command);
    (op.kind, (op.when & when::COMMAND != 0).then(|| of.collect()))
}

#[test]
fn an_operand_is_copied_for_the_commands_that_have_it() {
    assert_eq!(of_commands("fcntl", 2), (op::FIXED, Some(vec![5, 6, 7, 36, 37, 38])));
    assert_eq!(of_commands("epoll_ctl", 3), (op::FIXED, Some(vec![1, 3])));
    assert_eq!(of_commands("prctl", 1), (op::STRING, Some(vec![15, 16])));
    assert_eq!(of_commands("prctl", 4), (op::STRING, Some(vec![0x5356_4d41])));
    assert_eq!(of_commands("futex", 3), (op::FIXED, Some(vec![0, 6, 9, 11, 13])));
    assert_eq!(of_commands("fsconfig", 3), (op::STRING, Some(vec![1, 3, 4])));
    assert_eq!(of_commands("ioctl", 2), (op::FIXED, None), "they are too many");
    let futex = super::capture(by_name("futex").unwrap(), Arch::X86_64);
    assert_eq!((futex.command_arg, futex.command_mask), (1, 0xffff_fe7f));
}

#[test]
fn commands_are_told_apart_and_one_copy_is_enough_for_all_of_a_call() {
    for (row, (at, commands)) in all().filter_map(|row| Some((row, row.commands()?))) {
        let mut names = BTreeMap::new();
        for command in commands.rows {
            assert_eq!(names.insert(command.number, command.name), None, "{}", row.name);
            assert_eq!(commands.row(commands.value(command.number)).unwrap().name, command.name);
            assert!(command.operands.len() + at < 6, "{}", command.name);
        }
        for (i, kind) in row.args.iter().enumerate() {
            let ArgKind::Operand(n) = kind else { continue };
            let operands = commands.rows.iter().map(|command| commands.operand(commands.value(command.number), *n));
            let ops =
                operands.map(|kind| kind.pointee(i, Arch::X86_64)).flat_map(|pointee| [pointee.before, pointee.after]);
            let kinds: std::collections::BTreeSet<_> = ops.map(|op| op.kind).filter(|kind| *kind != op::NONE).collect();
            assert!(kinds.len() <= 1, "{} {i}: {kinds:?}", row.name);
        }
    }
}

#[test]
fn a_call_waits_for_one_thing() {
    let waits = [
        bits::WAITS_WORK,
        bits::SLEEPS,
        bits::RESUMES,
        bits::WAITS_CHILD,
        bits::WAITS_THREAD,
        bits::WAITS_FILE_LOCK,
        bits::WAITS_DISK,
        bits::WAITS_FILE_SYSTEM,
        bits::WAITS_PEER,
    ];
    for row in all() {
        assert!(waits.iter().filter(|bit| row.has(**bit)).count() <= 1, "{}", row.name);
    }
}

#[test]
fn bytes_that_are_sent_are_found_where_they_do_not_stand_in_messages() {
    let sent = |name| by_name(name).unwrap().sent_argument();
    assert_eq!(["write", "writev", "sendto"].map(sent), [Some(1); 3]);
    assert_eq!(["sendmsg", "sendmmsg", "pwrite64", "read"].map(sent), [None; 4]);
}

#[test]
fn what_is_asked_of_rows_has_the_arguments_that_it_needs() {
    let first = |row: &super::Row| row.args.first().copied();
    for row in all() {
        if row.has(bits::SENDS | bits::RECEIVES | bits::CONNECTS | bits::BINDS | bits::SETS_CLOEXEC) {
            assert!(matches!(first(row), Some(ArgKind::Fd)), "{}", row.name);
        }
        if row.has(bits::CONNECTS | bits::BINDS) {
            assert!(matches!(row.args, [_, ArgKind::AddressIn(_), ..]), "{}", row.name);
        }
        if row.has(bits::CLOSES) {
            assert!(matches!(row.args, [ArgKind::Fd] | [ArgKind::Uint, ArgKind::Uint, _]), "{}", row.name);
        }
        if row.has(bits::POLLS) {
            assert!(matches!(first(row), Some(ArgKind::PollFds(_) | ArgKind::FdSets)), "{}", row.name);
        }
        if row.has(bits::KILLS) {
            assert!(matches!(first(row), Some(ArgKind::Int)) && row.signal_argument().is_some(), "{}", row.name);
        }
        if row.has(bits::MOUNTS) {
            let paths = row.args.iter().filter(|kind| matches!(kind, ArgKind::Path | ArgKind::PathOrNull));
            assert_eq!(paths.count(), 2, "{}", row.name);
        }
        if row.has(bits::OPENS) {
            assert!(matches!(row.result, Return::Fd(Made::Path)) && row.has(bits::FILE), "{}", row.name);
        }
        if row.has(bits::CHANGES_ROOT | bits::CHANGES_DIRECTORY) {
            assert!(matches!(first(row), Some(ArgKind::Path | ArgKind::Fd)), "{}", row.name);
        }
        assert_eq!(row.has(bits::SETS_USER), row.user_argument().is_some_and(|i| i < row.args.len()), "{}", row.name);
    }
}
