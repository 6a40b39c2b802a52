//! Arguments that depend on the command of their call and on what the record holds of their memory.

use super::futex::{self, Fourth};
use super::text::{self, choice, decimal, flags, hex, hex_or_zero, named_flags, pointer, signed};
use super::{Half, Pointee, Printer, files, signal};
use crate::syscalls::Arch;
use crate::syscalls::arg::Shape;
use crate::syscalls::flags::{file, ioctl as ioctl_sets, process};
use rewind_common::call::part;

/// `PR_SET_VMA` (`linux/prctl.h`).
const SET_VMA: u32 = 0x5356_4d41;
/// Bytes of a thread's name (`TASK_COMM_LEN`) without its NUL.
const THREAD_NAME: usize = 15;

impl<'a> Printer<'_, 'a> {
    /// The argument of `fcntl` where it may point to a lock.
    pub(super) fn fcntl_pointer(&mut self, i: usize, command: u64) {
        let memory = self.after(i, part::WHOLE);
        match memory {
            Pointee::Bytes(blob) => lock(self.out, blob.bytes, matches!(command as u32, 5 | 36)),
            Pointee::Pointer(value) => self.fcntl_argument(command, value),
            Pointee::Lost => self.address_of(memory),
        }
    }

    fn fcntl_argument(&mut self, command: u64, value: u64) {
        let low = value as u32;
        let out = &mut *self.out;
        match command as u32 {
            0 | 1030 => signed(out, i64::from(low.cast_signed())),
            2 => flags(out, &file::FD_FLAGS, value),
            4 => files::open_flags(out, u64::from(low), self.style.arch),
            8 | 1031 => signed(out, i64::from(low.cast_signed())),
            10 => signal::signal(out, low.cast_signed()),
            1024 => choice(out, &file::LEASE, value),
            1026 => flags(out, &file::NOTIFY, value),
            1033 => flags(out, &file::SEALS, value),
            1027 => self.descriptor(low.cast_signed()),
            _ => pointer(out, value),
        }
    }

    pub(super) fn ioctl_argument(&mut self, i: usize, command: Option<u64>) {
        let command = command.unwrap_or_default() as u32;
        let memory = self.after(i, part::WHOLE);
        let blob = match memory {
            Pointee::Bytes(blob) if self.succeeded() => blob,
            Pointee::Pointer(address) => return command_address(self.out, command, address),
            other => return self.address_of(other),
        };
        let word = |at| text::u32_at(blob.bytes, at);
        match command {
            0x5413 | 0x5414 => {
                let half = |at| text::u16_at(blob.bytes, at);
                let (Some(rows), Some(columns), Some(x), Some(y)) = (half(0), half(2), half(4), half(6)) else {
                    return self.address_of(memory);
                };
                for (name, value) in
                    [("{ws_row=", rows), (", ws_col=", columns), (", ws_xpixel=", x), (", ws_ypixel=", y)]
                {
                    self.out.push_str(name);
                    decimal(self.out, u64::from(value));
                }
                self.out.push('}');
            }
            0x541b | 0x5421 | 0x5452 | 0x540f | 0x5410 | 0x5429 | 0x5411 | 0x8004_5430 | 0x4004_5431 | 0x8905 => {
                match word(0) {
                    Some(number) => {
                        self.out.push('[');
                        signed(self.out, i64::from(number.cast_signed()));
                        self.out.push(']');
                    }
                    None => self.address_of(memory),
                }
            }
            0x5401..=0x5404 => match (word(0), word(4), word(8), word(12)) {
                (Some(input), Some(output), Some(control), Some(local)) => {
                    terminal(self.out, [input, output, control, local]);
                }
                _ => self.address_of(memory),
            },
            _ => self.out.push_str("{...}"),
        }
    }

    pub(super) fn prctl_argument(&mut self, i: usize, option: Option<u64>, n: usize) {
        let option = option.unwrap_or_default() as u32;
        let memory = self.before(i, part::WHOLE);
        match (option, n, memory) {
            (15, 1, Pointee::Bytes(blob)) => return self.thread_name(blob.bytes),
            (16, 1, Pointee::Bytes(blob)) if self.succeeded() => return self.thread_name(blob.bytes),
            (15 | 16, 1, other) => return self.address_of(other),
            (SET_VMA, 4, Pointee::Bytes(blob)) => {
                let (name, ended) = text::until_nul(blob.bytes);
                let total = name.len() as u64 + u64::from(!ended);
                return text::shortened(self.out, name, total, self.style.string_bytes);
            }
            _ => {}
        }
        let Some(value) = self.value(i) else { return self.address_of(memory) };
        let low = value as u32;
        let out = &mut *self.out;
        match (option, n) {
            (1, 1) => signal::signal(out, low.cast_signed()),
            (4, 1) => choice(out, &process::DUMPABLE, value),
            (22, 1) => choice(out, &process::SECCOMP_MODE, value),
            (23 | 24, 1) => choice(out, &process::CAP, value),
            (47, 1) => choice(out, &process::CAP_AMBIENT, value),
            (47, 2) if value != 0 => choice(out, &process::CAP, value),
            (0x5961_6d61, 1) if value == u64::MAX => out.push_str("PR_SET_PTRACER_ANY"),
            (0x5961_6d61, 1) => signed(out, i64::from(low.cast_signed())),
            (SET_VMA, 1) if value == 0 => out.push_str("PR_SET_VMA_ANON_NAME"),
            (SET_VMA, 3) => decimal(out, value),
            (2 | 5 | 9 | 11 | 13 | 19 | 25 | 37 | 40, 1) | (22, 2) => pointer(out, value),
            (6 | 8 | 10 | 12 | 14 | 20 | 26 | 28 | 29 | 36, 1) | (38..=47, _) => decimal(out, value),
            _ => hex_or_zero(out, value),
        }
    }

    /// The name of a thread. strace cannot tell whether one that fills its field goes on.
    fn thread_name(&mut self, bytes: &[u8]) {
        let name = text::until_nul(bytes).0;
        let total = name.len() as u64 + u64::from(name.len() == THREAD_NAME);
        text::shortened(self.out, name, total, THREAD_NAME);
    }

    pub(super) fn futex_time(&mut self, i: usize, operation: Option<u64>) {
        if futex::shows(operation.unwrap_or_default()).1 == Fourth::Number {
            return match self.value(i) {
                Some(number) => decimal(self.out, number & u64::from(u32::MAX)),
                None => self.out.push_str("{...}"),
            };
        }
        let memory = self.before(i, part::WHOLE);
        self.object(memory, Shape::Timespec);
    }

    /// The value of a socket option: one number, a linger time, or bytes.
    pub(super) fn socket_option(&mut self, memory: Pointee<'a>, len: Option<u64>) {
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let total = len.map_or(blob.bytes.len() as u64, |len| len & u64::from(u32::MAX));
        let (level, option) = (self.value(1).unwrap_or_default() as u32, self.value(2).unwrap_or_default() as u32);
        match (level, option, blob.bytes) {
            (1, 13, &[on, a, b, c, seconds, d, e, f]) => {
                self.out.push_str("{l_onoff=");
                signed(self.out, i64::from(i32::from_le_bytes([on, a, b, c])));
                self.out.push_str(", l_linger=");
                signed(self.out, i64::from(i32::from_le_bytes([seconds, d, e, f])));
                self.out.push('}');
            }
            (1, 17, bytes) if bytes.len() == 12 => {
                for (name, at) in [("{pid=", 0), (", uid=", 4), (", gid=", 8)] {
                    self.out.push_str(name);
                    decimal(self.out, u64::from(text::u32_at(bytes, at).unwrap_or_default()));
                }
                self.out.push('}');
            }
            (1, 25, bytes) | (6, 13 | 31, bytes) => {
                text::shortened(self.out, bytes, total, self.style.string_bytes);
            }
            (_, _, &[a, b, c, d]) => {
                self.out.push('[');
                signed(self.out, i64::from(i32::from_le_bytes([a, b, c, d])));
                self.out.push(']');
            }
            (_, _, bytes) => text::shortened(self.out, bytes, total, self.style.string_bytes),
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

/// A `struct flock` (`asm-generic/fcntl.h`); who holds it is said only where that was asked.
fn lock(out: &mut String, bytes: &[u8], asked: bool) {
    out.push_str("{l_type=");
    choice(out, &file::LOCK_TYPE, u64::from(text::u16_at(bytes, 0).unwrap_or_default()));
    out.push_str(", l_whence=");
    choice(out, &file::WHENCE, u64::from(text::u16_at(bytes, 2).unwrap_or_default()));
    out.push_str(", l_start=");
    signed(out, text::i64_at(bytes, 8).unwrap_or_default());
    out.push_str(", l_len=");
    signed(out, text::i64_at(bytes, 16).unwrap_or_default());
    if asked {
        out.push_str(", l_pid=");
        signed(out, i64::from(text::u32_at(bytes, 24).unwrap_or_default().cast_signed()));
    }
    out.push('}');
}

/// The argument of an `ioctl` whose object is not known: an address, or a number in its place.
fn command_address(out: &mut String, command: u32, value: u64) {
    match command {
        0x540e | 0x540b | 0x540a | 0x5409 | 0x5425 => signed(out, i64::from((value as u32).cast_signed())),
        _ if ioctl_sets::IOCTL.name(u64::from(command)).is_some() => pointer(out, value),
        _ => hex_or_zero(out, value),
    }
}

/// The flags of a `termios` in the words of stty (`asm-generic/termbits.h`): speed, then what is on.
fn terminal(out: &mut String, [input, output, control, local]: [u32; 4]) {
    let speeds = [
        (0, "B0"),
        (0o13, "B2400"),
        (0o14, "B4800"),
        (0o15, "B9600"),
        (0o16, "B19200"),
        (0o17, "B38400"),
        (0o10001, "B57600"),
        (0o10002, "B115200"),
    ];
    out.push('{');
    match speeds.iter().find(|(speed, _)| *speed == control & 0o10017) {
        Some((_, name)) => out.push_str(name),
        None => hex(out, u64::from(control & 0o10017)),
    }
    for (word, bit, name) in [(output, 1, "opost"), (local, 1, "isig"), (local, 2, "icanon"), (local, 8, "echo")] {
        out.push_str(if word & bit != 0 { " " } else { " -" });
        out.push_str(name);
    }
    let _ = input;
    out.push_str(" ...}");
}
