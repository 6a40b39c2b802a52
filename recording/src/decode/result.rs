//! What a call returned.

use super::{Invocation, Printer, Style, descriptors, errno_name, errno_text, files, packed, signal, text, time};
use crate::syscalls::arg::{ArgKind, Shape};
use crate::syscalls::flags::system;
use crate::syscalls::{Return, Row};

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
        let kind = match self.row {
            None => Return::Int,
            Some(row) if row.result == Return::Command => {
                row.command(|of| self.value(of)).map_or(Return::Int, |command| command.result)
            }
            Some(row) => row.result,
        };
        if kind == Return::Never {
            return self.out.push('?');
        }
        if let Some(errno) = self.call.errno() {
            return self.error(errno);
        }
        let bits = result.cast_unsigned();
        match kind {
            Return::Int | Return::Never | Return::Command => text::signed(self.out, result),
            Return::Fd(_) => self.descriptor(result as i32),
            Return::Hex => text::hex_or_zero(self.out, result.cast_unsigned()),
            Return::Octal => text::octal(self.out, result.cast_unsigned()),
            Return::Poll => self.poll_result(result),
            Return::Select => self.select_result(result),
            Return::Signal => {
                text::signed(self.out, result);
                if result != 0 {
                    self.in_brackets(|out| signal::signal(out, result as i32));
                }
            }
            Return::Named(set) => {
                text::signed(self.out, result);
                self.in_brackets(|out| text::choice(out, set, bits));
            }
            Return::Choice(set) => {
                text::hex_or_zero(self.out, bits);
                self.in_brackets(|out| text::choice(out, set, bits));
            }
            Return::Flags(of, set) => {
                text::hex_or_zero(self.out, bits);
                if result != 0 {
                    self.flags_of(of, |out| text::flags(out, set, bits));
                }
            }
            Return::OpenFlags => {
                text::hex_or_zero(self.out, bits);
                let arch = self.style.arch;
                self.flags_of("flags", |out| files::open_flags(out, bits, arch));
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

    fn flags_of(&mut self, of: &str, inner: impl FnOnce(&mut String)) {
        self.in_brackets(|out| {
            out.push_str(of);
            if !of.is_empty() {
                out.push(' ');
            }
            inner(out);
        });
    }

    /// Whether the call returned as many bytes as its result says, for arguments of kind `kind`.
    pub(super) fn returned(&self) -> Option<u64> {
        u64::try_from(self.call.result).ok().filter(|_| self.succeeded())
    }

    /// Whether the written object of this kind is to be read.
    pub(super) fn is_written(&self, kind: ArgKind) -> bool {
        match kind {
            ArgKind::Out(Shape::Status | Shape::Rusage) => {
                // Who waits without a child that has ended gets 0, and nothing is written.
                let tells = |row: &Row| row.written(&[Shape::Status]).is_none();
                self.succeeded() && (self.call.result > 0 || self.row.is_none_or(tells))
            }
            ArgKind::Remaining => matches!(self.call.errno(), Some(512..=514 | 516)),
            _ => self.succeeded(),
        }
    }
}
