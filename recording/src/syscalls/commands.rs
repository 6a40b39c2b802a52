//! Calls that are many in one: one row a command.
//!
//! The row of the call has [`ArgKind::Command`] where the command is, and [`ArgKind::Operand`] where what
//! stands there is the command's own. What the kernel side copies follows from the rows of the commands,
//! as for other calls: see [`super::capture()`].

mod fcntl;
mod file;
mod futex;
mod ioctl;
mod prctl;
mod process;
pub mod sockopt;
mod system;

use super::Return;
use super::arg::{ArgKind, Command, Commands, Form};
pub(super) use fcntl::FCNTL;
pub(super) use file::{EPOLL_CTL, FSCONFIG};
pub(super) use futex::FUTEX;
pub(super) use ioctl::IOCTL;
pub(super) use prctl::PRCTL;
pub(super) use process::{ARCH_PRCTL, KCMP, PTRACE};
pub(super) use system::{BPF, KEYCTL, QUOTA, SECCOMP, SOCKETCALL, SYSLOG};

const fn command(number: u64, name: &'static str, operands: &'static [ArgKind], result: Return, bits: u64) -> Command {
    Command { number, name, operands, result, bits }
}
