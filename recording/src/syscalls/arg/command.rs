//! What the commands of a call that is many in one are made of; the rows of them are in [`super::super::commands`].

use super::ArgKind;
use crate::syscalls::Return;

/// The commands of one call.
#[derive(Debug)]
pub struct Commands {
    /// How the number is made up and written.
    pub form: Form,
    /// What stands for a number without a row, in the comment behind it.
    pub unknown: &'static str,
    /// The argument has 64 bits, not 32.
    pub wide: bool,
    /// The operands of a command without a row.
    pub otherwise: &'static [ArgKind],
    /// One row a command.
    pub rows: &'static [Command],
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Its number.
    pub number: u64,
    /// Its name, as `strace` prints it.
    pub name: &'static str,
    /// What its operands mean; those behind them are not used.
    pub operands: &'static [ArgKind],
    /// How its result reads.
    pub result: Return,
    /// Its [`crate::syscalls::bits`], beside those of its call.
    pub bits: u64,
}

/// How the number of a command is made up and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The number; its name alone.
    Plain,
    /// Two flags beside the number.
    Futex,
    /// The kind of quota in the lowest byte.
    Quota,
    /// The number; where it has no name, how it is made up.
    Ioctl,
    /// The number, its name in a comment.
    Syslog,
}

/// `FUTEX_PRIVATE_FLAG` and `FUTEX_CLOCK_REALTIME`.
const FUTEX_FLAGS: u64 = 0x180;

impl Commands {
    /// The bits of the argument that are the command's number.
    #[must_use]
    pub const fn mask(&self) -> u64 {
        match self.form {
            Form::Futex => 0xffff_ffff & !FUTEX_FLAGS,
            Form::Quota => 0xffff_ff00,
            Form::Plain | Form::Ioctl | Form::Syslog => {
                if self.wide {
                    u64::MAX
                } else {
                    0xffff_ffff
                }
            }
        }
    }

    /// The value of the argument, its flags left out, for a command's number.
    #[must_use]
    pub const fn value(&self, number: u64) -> u64 {
        match self.form {
            Form::Quota => number << 8,
            Form::Plain | Form::Futex | Form::Ioctl | Form::Syslog => number,
        }
    }

    /// The row of the command that the argument holds.
    #[must_use]
    pub fn row(&self, value: u64) -> Option<&'static Command> {
        self.rows.iter().find(|command| self.value(command.number) == value & self.mask())
    }

    /// What operand `n` of the command that the argument holds means; [`ArgKind::Hidden`] if it has none.
    #[must_use]
    pub fn operand(&self, value: u64, n: usize) -> ArgKind {
        let operands = self.row(value).map_or(self.otherwise, |command| command.operands);
        operands.get(n).copied().unwrap_or(ArgKind::Hidden)
    }
}
