//! What the kernel side copies for a row, derived from the kinds of its arguments and nothing else.

use super::arg::{ArgKind, Commands};
use super::pointee::Pointee;
use super::{Arch, Row, bits, compat};
use rewind_common::capture::{COMMANDS, Capture, OPS, Op, ROWS, call_class, capture_flags, carries, op, when};

/// One row a number, for the kernel side to load. Numbers without a row stay zero.
#[must_use]
pub fn capture_table(arch: Arch) -> Vec<Capture> {
    (0..ROWS as u16)
        .map(|nr| super::by_number(arch, nr).map_or_else(Capture::default, |row| capture(row, arch)))
        .collect()
}

/// The same for the 32-bit table of `arch`: pointers in vectors have 32 bits.
#[must_use]
pub fn compat_table(arch: Arch) -> Vec<Capture> {
    let narrow = |row: &Row| {
        let mut capture = capture(row, arch);
        for op in capture.ops.iter_mut().filter(|op| matches!(op.kind, op::STRINGS | op::COUNT_STRINGS)) {
            op.when |= when::NARROW;
        }
        capture
    };
    (0..ROWS as u16).map(|nr| compat::row_of(arch, nr).map_or_else(Capture::default, narrow)).collect()
}

/// What is copied for `row`.
#[must_use]
pub fn capture(row: &Row, arch: Arch) -> Capture {
    let at_entry = row.has(bits::ENTRY);
    let mut exit = Ops::default();
    let mut enter = Ops::default();
    let mut only = Only::of(row);
    for (i, &kind) in row.args.iter().enumerate().take(6) {
        if let ArgKind::Operand(n) = kind {
            only.operand(n, i, arch, &mut exit);
            continue;
        }
        let Pointee { before, after, .. } = kind.pointee(i, arch);
        if at_entry {
            enter.push(before)
        } else {
            exit.push(before)
        }
        if at_entry || before.kind == op::NONE {
            exit.push(after);
        }
    }
    let mut flags = capture_flags::KNOWN;
    if exit.taken().iter().any(|op| matches!(op.kind, op::LENGTH | op::MESSAGE_OUT | op::FRAME)) {
        flags |= capture_flags::NOTES;
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
    Capture {
        args: row.args.len().min(6) as u8,
        flags,
        exit_ops: exit_ops as u8,
        enter_ops: enter_ops as u8,
        ops,
        command_arg: only.arg,
        command_mask: only.mask,
        commands: only.commands,
        carries: carries(row),
        class: class(row),
    }
}

/// Under what its calls are counted ([`call_class`]).
const fn class(row: &Row) -> u32 {
    if row.has(bits::WAITS_WORK | bits::SLEEPS | bits::RESUMES | bits::WAITS_CHILD | bits::WAITS_THREAD) {
        call_class::WAIT
    } else if row.has(bits::NETWORK) {
        call_class::NETWORK
    } else if row.has(bits::PROCESS) {
        call_class::PROCESS
    } else if row.has(bits::SIGNAL) {
        call_class::SIGNAL
    } else if row.has(bits::MEMORY) {
        call_class::MEMORY
    } else if row.has(bits::FILE) {
        call_class::FILE
    } else if row.has(bits::DESC) {
        call_class::DESCRIPTOR
    } else {
        call_class::OTHER
    }
}

/// What a call on a socket carries ([`carries`](mod@rewind_common::capture::carries)).
fn carries(row: &Row) -> u32 {
    let received = if row.has(bits::RECEIVES) { carries::RECEIVED } else { 0 };
    let [Some(ArgKind::Fd), Some(second)] = [0, 1].map(|i| row.args.get(i)) else { return 0 };
    if !row.has(bits::SENDS | bits::RECEIVES) {
        return 0;
    }
    let shape = match second {
        ArgKind::BytesIn(_) | ArgKind::BytesOut | ArgKind::LogBytes(_) => carries::BYTES,
        ArgKind::VecIn(_) | ArgKind::LogVec(_) | ArgKind::VecOut(_) => carries::VECTOR,
        ArgKind::MessageIn | ArgKind::MessageOut => carries::MESSAGE,
        ArgKind::MessagesIn(_) | ArgKind::MessagesOut(_) => carries::MESSAGES,
        _ => return 0,
    };
    let address = match row.args.get(4) {
        Some(ArgKind::AddressIn(_) | ArgKind::AddressOut(_)) => carries::ADDRESS,
        _ => 0,
    };
    let flags = row.args.iter().position(|kind| matches!(kind, ArgKind::Flags(_))).unwrap_or_default();
    received | shape | address | (flags as u32) << carries::FLAGS_SHIFT
}

#[derive(Default)]
struct Ops {
    ops: [Op; OPS],
    len: usize,
}

impl Ops {
    fn push(&mut self, op: Op) {
        if op.kind == op::NONE {
            return;
        }
        if let Some(slot) = self.ops.get_mut(self.len) {
            *slot = op;
            self.len += 1;
        }
    }

    fn taken(&self) -> &[Op] {
        self.ops.get(..self.len).unwrap_or_default()
    }
}

/// The commands of a row that have something to be copied.
#[derive(Default)]
struct Only {
    of: Option<&'static Commands>,
    arg: u32,
    mask: u32,
    commands: [u32; COMMANDS],
    len: usize,
}

impl Only {
    fn of(row: &Row) -> Self {
        let Some((arg, commands)) = row.commands() else { return Self::default() };
        Self { of: Some(commands), arg: arg as u32, mask: commands.mask() as u32, ..Self::default() }
    }

    /// What operand `n` needs, which is argument `i`: for commands that need the same, one copy. Where the
    /// commands are too many, one that is enough for all is done for any, as a guess.
    fn operand(&mut self, n: usize, i: usize, arch: Arch, ops: &mut Ops) {
        let Some(commands) = self.of else { return };
        let (mut groups, mut guess) = (Vec::<Op>::new(), None::<Op>);
        let mut fits = true;
        for command in commands.rows {
            let value = commands.value(command.number);
            let Pointee { before, after, .. } = commands.operand(value, n).pointee(i, arch);
            let Some(op) = [before, after].into_iter().find(|op| op.kind != op::NONE) else { continue };
            guess = Some(Op { size: guess.map_or(0, |all| all.size).max(op.size), ..op });
            let Some(slot) = self.slot(value as u32) else {
                fits = false;
                continue;
            };
            let same = |known: &&mut Op| (known.kind, known.size, known.offset) == (op.kind, op.size, op.offset);
            match groups.iter_mut().find(same) {
                Some(known) => {
                    known.size_arg |= 1 << slot;
                    known.when &= op.when | when::COMMAND;
                }
                None => groups.push(Op { size_arg: 1 << slot, when: op.when | when::COMMAND, ..op }),
            }
        }
        match guess {
            // Whether it succeeds says whether there was anything to copy.
            Some(op) if !fits => ops.push(Op { when: when::SUCCESS | when::GUESS, ..op }),
            _ => groups.into_iter().for_each(|op| ops.push(op)),
        }
    }

    /// Where the command stands among those that count.
    fn slot(&mut self, command: u32) -> Option<usize> {
        let known = self.commands.iter().take(self.len).position(|known| *known == command);
        known.or_else(|| {
            let slot = self.len;
            *self.commands.get_mut(slot)? = command;
            self.len += 1;
            Some(slot)
        })
    }
}
