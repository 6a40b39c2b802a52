//! Arguments that depend on others: values of socket options, those of `clone`.

use super::text::{self, decimal, hex, named_flags, pointer, signed};
use super::{Half, Pointee, Printer, errno_name, signal};
use crate::syscalls::Arch;
use crate::syscalls::commands::sockopt::{self, OptionValue};
use crate::syscalls::flags::process;

impl<'a> Printer<'_, 'a> {
    /// The value of a socket option: one number, a linger time, or bytes.
    pub(super) fn socket_option(&mut self, memory: Pointee<'a>, len: Option<u64>) {
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let total = len.map_or(blob.bytes.len() as u64, |len| len & u64::from(u32::MAX));
        let (level, option) = (self.value(1).unwrap_or_default(), self.value(2).unwrap_or_default());
        match (sockopt::value(level, option), blob.bytes) {
            (OptionValue::Linger, &[on, a, b, c, seconds, d, e, f]) => {
                self.out.push_str("{l_onoff=");
                signed(self.out, i64::from(i32::from_le_bytes([on, a, b, c])));
                self.out.push_str(", l_linger=");
                signed(self.out, i64::from(i32::from_le_bytes([seconds, d, e, f])));
                self.out.push('}');
            }
            (OptionValue::Credentials, bytes) if bytes.len() == 12 => {
                for (name, at) in [("{pid=", 0), (", uid=", 4), (", gid=", 8)] {
                    self.out.push_str(name);
                    decimal(self.out, u64::from(text::u32_at(bytes, at).unwrap_or_default()));
                }
                self.out.push('}');
            }
            (OptionValue::Text | OptionValue::Secret, _) => {
                text::shortened(self.out, blob, total, self.style.string_bytes);
            }
            (OptionValue::Errno, &[a, b, c, d]) => {
                let number = u32::from_le_bytes([a, b, c, d]);
                self.out.push('[');
                match u16::try_from(number).ok().filter(|errno| *errno != 0).and_then(errno_name) {
                    Some(name) => self.out.push_str(name),
                    None => signed(self.out, i64::from(number.cast_signed())),
                }
                self.out.push(']');
            }
            (_, &[a, b, c, d]) => {
                self.out.push('[');
                signed(self.out, i64::from(i32::from_le_bytes([a, b, c, d])));
                self.out.push(']');
            }
            _ => text::shortened(self.out, blob, total, self.style.string_bytes),
        }
    }

    /// `clone` in `strace`'s order: stack, flags, then what the flags say is used. The last two
    /// arguments stand in another order on arm64.
    pub(super) fn clone_arguments(&mut self, half: Half) {
        let [bits, stack, parent, fourth, fifth] = [0, 1, 2, 3, 4].map(|i| self.value(i).unwrap_or_default());
        let (child, tls) = match self.style.arch {
            Arch::X86_64 => (fourth, fifth),
            Arch::Aarch64 => (fifth, fourth),
        };
        if half != Half::Exit {
            self.out.push_str("child_stack=");
            pointer(self.out, stack);
            self.out.push_str(", flags=");
            let (named, exit_signal) = (bits & !0xff, bits & 0xff);
            if named != 0 {
                let (rest, any) = named_flags(self.out, &process::CLONE, named);
                if rest != 0 {
                    if any {
                        self.out.push('|');
                    }
                    hex(self.out, rest);
                }
            }
            if exit_signal != 0 {
                if named != 0 {
                    self.out.push('|');
                }
                signal::signal(self.out, exit_signal as i32);
            } else if named == 0 {
                self.out.push('0');
            }
        }
        if half == Half::Entry {
            return;
        }
        if bits & 0x0010_1000 != 0 {
            self.out.push_str(", parent_tid=");
            // The kernel writes there what it also returns (kernel/fork.c, kernel_clone).
            if self.succeeded() && bits & 0x1000 == 0 && parent != 0 {
                self.out.push('[');
                signed(self.out, self.call.result);
                self.out.push(']');
            } else {
                pointer(self.out, parent);
            }
        }
        if bits & 0x0008_0000 != 0 {
            self.out.push_str(", tls=");
            pointer(self.out, tls);
        }
        if bits & 0x0120_0000 != 0 {
            self.out.push_str(", child_tidptr=");
            pointer(self.out, child);
        }
    }

    /// What `clone3` has written into the memory its arguments point to: the new thread's number,
    /// which it also returns.
    pub(super) fn clone3_result(&mut self, memory: Pointee<'a>) {
        let Pointee::Bytes(blob) = memory else { return };
        let (Some(bits), Some(parent)) = (text::u64_at(blob.bytes, 0), text::u64_at(blob.bytes, 24)) else { return };
        if self.succeeded() && bits & 0x0010_0000 != 0 && parent != 0 && self.call.result > 0 {
            self.out.push_str(" => {parent_tid=[");
            signed(self.out, self.call.result);
            self.out.push_str("]}");
        }
    }
}
