//! Commands of calls that are many in one, and what goes with them.

use super::text::{self, choice, comment, decimal, hex, hex_or_zero, signed};
use crate::syscalls::arg::{Commands, Form};
use crate::syscalls::commands::sockopt;
use crate::syscalls::flags::{Set, time};

/// A clock; negative numbers are made of a process or a descriptor (`linux/posix-timers.h`).
pub(super) fn clock(out: &mut String, value: u32) {
    choice(out, &time::CLOCK, u64::from(value));
}

/// A command of System V IPC, with the flag for the 64-bit layout.
pub(super) fn ipc_command(out: &mut String, set: &Set, value: u32) {
    let value = u64::from(value);
    if value & 0x100 != 0 {
        out.push_str("IPC_64|");
    }
    choice(out, set, value & !0x100);
}

/// A command in the form of its call.
pub(super) fn command(out: &mut String, commands: &Commands, value: u64) {
    let value = if commands.wide { value } else { value & u64::from(u32::MAX) };
    let name = commands.row(value).map(|command| command.name);
    match (commands.form, name) {
        (Form::Syslog, name) => {
            signed(out, i64::from((value as u32).cast_signed()));
            comment(out, name.unwrap_or(commands.unknown));
        }
        (Form::Quota, name) => quota(out, name, commands.unknown, value),
        (Form::Futex, Some(name)) => {
            out.push_str(name);
            if value & 0x80 != 0 {
                out.push_str("_PRIVATE");
            }
            if value & 0x100 != 0 {
                out.push_str("|FUTEX_CLOCK_REALTIME");
            }
        }
        (Form::Futex, None) => {
            hex(out, value);
            comment(out, commands.unknown);
        }
        (Form::Plain | Form::Ioctl, Some(name)) => out.push_str(name),
        (Form::Ioctl, None) => ioctl(out, value as u32),
        (Form::Plain, None) => {
            hex_or_zero(out, value);
            comment(out, commands.unknown);
        }
    }
}

/// Command and kind of a quota call (`linux/quota.h`).
fn quota(out: &mut String, name: Option<&str>, unknown: &str, value: u64) {
    out.push_str("QCMD(");
    match name {
        Some(name) => out.push_str(name),
        None => {
            hex_or_zero(out, value >> 8);
            comment(out, unknown);
        }
    }
    out.push_str(", ");
    match value & 0xff {
        0 => out.push_str("USRQUOTA"),
        1 => out.push_str("GRPQUOTA"),
        2 => out.push_str("PRJQUOTA"),
        other => {
            hex(out, other);
            comment(out, "???QUOTA");
        }
    }
    out.push(')');
}

/// The option of a level.
pub(super) fn socket_option(out: &mut String, level: Option<u64>, value: u64) {
    let value = value & u64::from(u32::MAX);
    let Some(options) = level.and_then(sockopt::options) else { return decimal(out, value) };
    match options.row(value) {
        Some(option) => out.push_str(option.name),
        None => {
            hex_or_zero(out, value);
            comment(out, options.unknown);
        }
    }
}

/// One `sembuf`.
pub(super) fn semaphore_operation(out: &mut String, bytes: &[u8]) {
    let half = |at| text::u16_at(bytes, at).unwrap_or_default();
    out.push_str("{sem_num=");
    decimal(out, u64::from(half(0)));
    out.push_str(", sem_op=");
    signed(out, i64::from(half(2).cast_signed()));
    out.push_str(", sem_flg=");
    let bits = u64::from(half(4));
    match bits {
        0 => out.push('0'),
        0x1000 => out.push_str("SEM_UNDO"),
        0x800 => out.push_str("IPC_NOWAIT"),
        0x1800 => out.push_str("SEM_UNDO|IPC_NOWAIT"),
        other => hex(out, other),
    }
    out.push('}');
}

/// How the number of an `ioctl` command is made up (`asm-generic/ioctl.h`).
fn ioctl(out: &mut String, command: u32) {
    out.push_str("_IOC(");
    out.push_str(match command >> 30 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    });
    for part in [command >> 8 & 0xff, command & 0xff, command >> 16 & 0x3fff] {
        out.push_str(", ");
        hex_or_zero(out, u64::from(part));
    }
    out.push(')');
}
