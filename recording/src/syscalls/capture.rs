//! What the kernel side copies for a row, derived from the kinds of its arguments and nothing else.

use super::arg::{ArgKind, Commands};
use super::pointee::Pointee;
use super::{Arch, Row, bits};
use rewind_common::capture::{COMMANDS, Capture, OPS, Op, ROWS, capture_flags, op, when};

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
    let mut only = Only::of(row);
    for (i, &kind) in row.args.iter().enumerate().take(6) {
        if let ArgKind::Operand(n) = kind {
            exit.push(only.operand(n, i, arch));
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
    Capture {
        args: row.args.len().min(6) as u8,
        flags,
        exit_ops: exit_ops as u8,
        enter_ops: enter_ops as u8,
        ops,
        command_arg: only.arg,
        command_mask: only.mask,
        commands: only.commands,
    }
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

    /// What operand `n` needs, which is argument `i`: one copy that is enough for all commands that have a pointer
    /// there, and only for them. Where they are too many it is done for any, as a guess.
    fn operand(&mut self, n: usize, i: usize, arch: Arch) -> Op {
        let Some(commands) = self.of else { return Op::default() };
        let mut all: Option<Op> = None;
        let (mut mask, mut fits) = (0, true);
        for command in commands.rows {
            let Pointee { before, after, .. } = commands.operand(commands.value(command.number), n).pointee(i, arch);
            let Some(op) = [before, after].into_iter().find(|op| op.kind != op::NONE) else { continue };
            all = Some(all.map_or(op, |all| Op { when: all.when & op.when, size: all.size.max(op.size), ..all }));
            match self.slot(commands.value(command.number) as u32) {
                Some(slot) => mask |= 1 << slot,
                None => fits = false,
            }
        }
        match all {
            None => Op::default(),
            Some(op) if fits => Op { when: op.when | when::COMMAND, size_arg: mask, ..op },
            // Whether it succeeds says whether there was anything to copy.
            Some(op) => Op { when: when::SUCCESS | when::GUESS, ..op },
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
