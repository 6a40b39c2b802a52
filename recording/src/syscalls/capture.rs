//! What the kernel side copies for a row, derived from the kinds of its arguments and nothing else.

use super::arg::{ArgKind, Shape};
use super::{Arch, Row, bits};
use rewind_common::capture::{Capture, OPS, Op, ROWS, capture_flags, op, when};

/// One row a number, for the kernel side to load. Numbers without a row stay zero.
#[must_use]
pub fn capture_table(arch: Arch) -> Vec<Capture> {
    (0..ROWS as u16)
        .map(|nr| super::by_number(arch, nr).map_or_else(Capture::default, |row| capture(row, arch)))
        .collect()
}

/// What is copied for `row`.
#[must_use]
pub fn capture(row: &Row, arch: Arch) -> Capture {
    let at_entry = row.has(bits::ENTRY);
    let mut exit = Ops::default();
    let mut enter = Ops::default();
    for (i, &kind) in row.args.iter().enumerate().take(6) {
        let (before, after) = copies(kind, i, arch);
        if before.kind != op::NONE {
            if at_entry { enter.push(before) } else { exit.push(before) }
        }
        if after.kind != op::NONE && (at_entry || before.kind == op::NONE) {
            exit.push(after);
        }
    }
    let mut flags = capture_flags::KNOWN;
    if exit.taken().iter().any(|op| matches!(op.kind, op::LENGTH | op::MESSAGE_OUT)) {
        flags |= capture_flags::LENGTH;
    }
    for (bit, flag) in [
        (bits::DECISIVE, capture_flags::DECISIVE),
        (bits::ORDINARY, capture_flags::ORDINARY),
        (bits::RENAMES, capture_flags::RENAMES),
    ] {
        if row.has(bit) {
            flags |= flag;
        }
    }
    let mut ops = [Op::default(); OPS];
    for (slot, op) in ops.iter_mut().zip(exit.taken().iter().chain(enter.taken())) {
        *slot = *op;
    }
    let exit_ops = exit.len.min(OPS);
    let enter_ops = enter.len.min(OPS - exit_ops);
    Capture { args: row.args.len().min(6) as u8, flags, exit_ops: exit_ops as u8, enter_ops: enter_ops as u8, ops }
}

#[derive(Default)]
struct Ops {
    ops: [Op; OPS],
    len: usize,
}

impl Ops {
    fn push(&mut self, op: Op) {
        if let Some(slot) = self.ops.get_mut(self.len) {
            *slot = op;
            self.len += 1;
        }
    }

    fn taken(&self) -> &[Op] {
        self.ops.get(..self.len).unwrap_or_default()
    }
}

const NOTHING: Op = Op { arg: 0, kind: op::NONE, when: 0, size_arg: 0, size: 0, offset: 0 };

/// What argument `i` of kind `kind` needs: what the call reads, and what it writes.
fn copies(kind: ArgKind, i: usize, arch: Arch) -> (Op, Op) {
    let make = |kind: u8, size_arg: usize, size: u16| Op {
        arg: i as u8,
        kind,
        when: 0,
        size_arg: size_arg as u8,
        size,
        offset: 0,
    };
    let on = |when: u8, op: Op| Op { when, ..op };
    let shape = |shape: Shape| {
        let (offset, size) = shape.extent(arch);
        Op { offset, ..make(op::FIXED, 0, size) }
    };
    match kind {
        ArgKind::Path | ArgKind::PathOrNull | ArgKind::Name | ArgKind::NameOrNull => (make(op::STRING, 0, 0), NOTHING),
        ArgKind::FsconfigValue | ArgKind::PrctlArg(_, 1) => (on(when::GUESS, make(op::STRING, 0, 0)), NOTHING),
        ArgKind::PrctlArg(_, 4) => (make(op::VMA_NAME, 0, 0), NOTHING),
        ArgKind::Argv => (make(op::STRINGS, 0, 0), NOTHING),
        ArgKind::Envp => (make(op::COUNT_STRINGS, 0, 0), NOTHING),
        ArgKind::NameOf(n) | ArgKind::CpusIn(n) | ArgKind::AddressIn(n) | ArgKind::SockoptIn(n) => {
            (make(op::COUNTED, n, 1), NOTHING)
        }
        ArgKind::GroupsIn(n) => (make(op::COUNTED, n, 4), NOTHING),
        ArgKind::SemopsIn(n) => (make(op::COUNTED, n, 6), NOTHING),
        ArgKind::PollFds(n) => (make(op::COUNTED, n, 8), on(when::SUCCESS, make(op::COUNTED, n, 8))),
        ArgKind::BytesIn(n) => (make(op::PAYLOAD_IN, n, 1), NOTHING),
        ArgKind::LogBytes(n) => (on(when::LOG, make(op::PAYLOAD_IN, n, 1)), NOTHING),
        ArgKind::VecIn(n) => (make(op::VECTOR, n, 16), NOTHING),
        ArgKind::LogVec(n) => (on(when::LOG, make(op::VECTOR, n, 16)), NOTHING),
        ArgKind::MessageIn => (make(op::MESSAGE, 0, 56), NOTHING),
        ArgKind::In(Shape::EpollEvent) => (Op { kind: op::EVENT, ..shape(Shape::EpollEvent) }, NOTHING),
        ArgKind::In(Shape::SigmaskBox) => (make(op::BOXED, 0, 16), NOTHING),
        ArgKind::In(what) => (shape(what), NOTHING),
        ArgKind::InOut(what) => (shape(what), on(when::SUCCESS, shape(what))),
        ArgKind::Remaining => (NOTHING, on(when::INTERRUPTED, shape(Shape::Timespec))),
        ArgKind::FutexTime(_) => (on(when::GUESS, shape(Shape::Timespec)), NOTHING),
        ArgKind::FdSets => (make(op::FD_SETS, 0, 0), on(when::SUCCESS, make(op::FD_SETS, 0, 0))),
        ArgKind::Entries => (NOTHING, on(when::SUCCESS, make(op::COUNT_ENTRIES, 0, 0))),
        ArgKind::AddressLen(n) | ArgKind::SockoptLen(n) => (NOTHING, make(op::LENGTH, n, 4)),
        ArgKind::Offset => (NOTHING, make(op::OFFSET, 0, 8)),
        ArgKind::FcntlArg(_) => (NOTHING, make(op::LOCK, 0, FLOCK_BYTES)),
        ArgKind::MessagesIn(n) => (NOTHING, on(when::SUCCESS, make(op::MESSAGES, n, 64))),
        ArgKind::MessagesOut(n) => (NOTHING, on(when::SUCCESS, make(op::MESSAGES_OUT, n, 64))),
        ArgKind::Out(what) => (NOTHING, on(when::SUCCESS, shape(what))),
        ArgKind::PathOut | ArgKind::LinkOut | ArgKind::CpusOut => {
            (NOTHING, on(when::SUCCESS, make(op::RETURNED, 0, 1)))
        }
        ArgKind::GroupsOut => (NOTHING, on(when::SUCCESS, make(op::RETURNED, 0, 4))),
        ArgKind::EpollEventsOut => (NOTHING, on(when::SUCCESS, make(op::RETURNED, 0, arch.epoll_event_bytes()))),
        ArgKind::BytesOut => (NOTHING, on(when::SUCCESS, make(op::PAYLOAD_OUT, 0, 1))),
        ArgKind::VecOut(n) => (NOTHING, on(when::SUCCESS, make(op::VECTOR_OUT, n, 16))),
        ArgKind::MessageOut => (NOTHING, make(op::MESSAGE_OUT, 0, 56)),
        ArgKind::AddressOut(n) | ArgKind::SockoptOut(n) => (NOTHING, on(when::SUCCESS, make(op::ADDRESS_OUT, n, 1))),
        ArgKind::IoctlArg(_) => (NOTHING, on(when::SUCCESS | when::GUESS, make(op::FIXED, 0, IOCTL_BYTES))),
        _ => (NOTHING, NOTHING),
    }
}

/// Bytes kept of a `struct flock`: up to its last field.
const FLOCK_BYTES: u16 = 28;
/// Bytes kept of what an `ioctl` points to: the four flag words of a `termios`.
const IOCTL_BYTES: u16 = 16;
