//! What a call returned.

use super::{Invocation, Printer, Style, descriptors, errno_name, errno_text, files, packed, signal, text, time};
use crate::syscalls::Return;
use crate::syscalls::arg::{ArgKind, Shape};
use crate::syscalls::flags::{file, process, system};

/// Writes the result: `3`, `-1 ENOENT (No such file or directory)`, `0 (Timeout)`, `?` if the call
/// never returned.
pub fn write_result(
    out: &mut String,
    invocation: &Invocation<'_>,
    style: &Style,
    descriptors: Option<&descriptors::Table>,
) {
    Printer::new(out, invocation, style, descriptors).result();
}

impl Printer<'_, '_> {
    fn result(&mut self) {
        if self.unfinished() {
            return self.out.push('?');
        }
        let result = self.call.result;
        let kind = self.row.map_or(Return::Int, |row| row.result);
        if kind == Return::Never {
            return self.out.push('?');
        }
        if let Some(errno) = self.call.errno() {
            return self.error(errno);
        }
        match kind {
            Return::Int | Return::Never | Return::Futex => text::signed(self.out, result),
            Return::Fd => self.descriptor(result as i32),
            Return::Hex => text::hex_or_zero(self.out, result.cast_unsigned()),
            Return::Octal => text::octal(self.out, result.cast_unsigned()),
            Return::Fcntl => self.fcntl_result(result),
            Return::Poll => self.poll_result(result),
            Return::Select => self.select_result(result),
            Return::SignalNumber => {
                text::signed(self.out, result);
                self.in_brackets(|out| signal::signal(out, result as i32));
            }
            Return::SchedPolicy => {
                text::signed(self.out, result);
                self.in_brackets(|out| text::choice(out, &process::SCHED, result.cast_unsigned()));
            }
            Return::Ioprio => {
                text::hex_or_zero(self.out, result.cast_unsigned());
                self.in_brackets(|out| packed::ioprio(out, result.cast_unsigned()));
            }
            Return::Time => {
                text::signed(self.out, result);
                if result > 0 {
                    self.in_brackets(|out| time::date(out, result, 0, 0));
                }
            }
            Return::Personality => {
                text::hex_or_zero(self.out, result.cast_unsigned());
                self.in_brackets(|out| packed::personality(out, result.cast_unsigned()));
            }
            Return::Prctl => self.prctl_result(result),
            Return::Membarrier => {
                text::hex_or_zero(self.out, result.cast_unsigned());
                if result > 0 && self.value(0) == Some(0) {
                    self.in_brackets(|out| text::flags(out, &system::MEMBARRIER, result.cast_unsigned()));
                }
            }
        }
    }

    /// Interrupted calls that start again by themselves return nothing to their program.
    fn error(&mut self, errno: u16) {
        let restarted = matches!(errno, 512..=514 | 516);
        self.out.push_str(if restarted { "? " } else { "-1 " });
        match errno_name(errno) {
            Some(name) => self.out.push_str(name),
            None => {
                self.out.push_str("ERRNO_");
                text::decimal(self.out, u64::from(errno));
            }
        }
        if let Some(words) = errno_text(errno) {
            self.out.push_str(" (");
            self.out.push_str(words);
            self.out.push(')');
        }
    }

    pub(super) fn in_brackets(&mut self, inner: impl FnOnce(&mut String)) {
        self.out.push_str(" (");
        inner(self.out);
        self.out.push(')');
    }

    fn fcntl_result(&mut self, result: i64) {
        let bits = result.cast_unsigned();
        match self.value(1).map(|command| command as u32) {
            Some(0 | 1030) => self.descriptor(result as i32),
            Some(1) if result != 0 => {
                text::hex(self.out, bits);
                self.out.push_str(" (flags ");
                text::flags(self.out, &file::FD_FLAGS, bits);
                self.out.push(')');
            }
            Some(3) => {
                text::hex_or_zero(self.out, bits);
                self.out.push_str(" (flags ");
                files::open_flags(self.out, bits, self.style.arch);
                self.out.push(')');
            }
            Some(11) if result != 0 => {
                text::signed(self.out, result);
                self.in_brackets(|out| signal::signal(out, result as i32));
            }
            Some(1025) => {
                text::hex_or_zero(self.out, bits);
                self.in_brackets(|out| text::choice(out, &file::LEASE, bits));
            }
            Some(1034) if result != 0 => {
                text::hex(self.out, bits);
                self.out.push_str(" (seals ");
                text::flags(self.out, &file::SEALS, bits);
                self.out.push(')');
            }
            _ => text::signed(self.out, result),
        }
    }

    fn prctl_result(&mut self, result: i64) {
        match self.value(0) {
            Some(3) => {
                text::signed(self.out, result);
                self.in_brackets(|out| text::choice(out, &process::DUMPABLE, result.cast_unsigned()));
            }
            _ => text::signed(self.out, result),
        }
    }

    /// Whether the call returned as many bytes as its result says, for arguments of kind `kind`.
    pub(super) fn returned(&self) -> Option<u64> {
        u64::try_from(self.call.result).ok().filter(|_| self.succeeded())
    }

    /// Whether the written object of this kind is to be read.
    pub(super) fn is_written(&self, kind: ArgKind) -> bool {
        match kind {
            ArgKind::Out(Shape::Status | Shape::Rusage) => {
                self.succeeded() && (self.call.result > 0 || self.row.is_none_or(|row| row.name != "wait4"))
            }
            ArgKind::Remaining => matches!(self.call.errno(), Some(512..=514 | 516)),
            _ => self.succeeded(),
        }
    }
}
