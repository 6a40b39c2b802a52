//! Calls whose arguments depend on a command: `fcntl`, `ioctl`, `prctl`, `keyctl`, System V IPC, options
//! of sockets.

use super::text::{self, choice, comment, decimal, hex, hex_or_zero, pointer, signed};
use crate::syscalls::flags::{Set, ioctl as ioctl_sets, network, system, time};

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

/// Command and kind of a quota call (`linux/quota.h`).
pub(super) fn quota(out: &mut String, value: u32) {
    let command = value >> 8;
    out.push_str("QCMD(");
    match command {
        0x80_0001 => out.push_str("Q_SYNC"),
        0x80_0002 => out.push_str("Q_QUOTAON"),
        0x80_0003 => out.push_str("Q_QUOTAOFF"),
        0x80_0004 => out.push_str("Q_GETFMT"),
        0x80_0005 => out.push_str("Q_GETINFO"),
        0x80_0006 => out.push_str("Q_SETINFO"),
        0x80_0007 => out.push_str("Q_GETQUOTA"),
        0x80_0008 => out.push_str("Q_SETQUOTA"),
        0x80_0009 => out.push_str("Q_GETNEXTQUOTA"),
        other => {
            hex_or_zero(out, u64::from(other));
            comment(out, "Q_???");
        }
    }
    out.push_str(", ");
    match value & 0xff {
        0 => out.push_str("USRQUOTA"),
        1 => out.push_str("GRPQUOTA"),
        2 => out.push_str("PRJQUOTA"),
        other => {
            hex(out, u64::from(other));
            comment(out, "???QUOTA");
        }
    }
    out.push(')');
}

/// The options of a level.
pub(super) fn socket_options(level: u64) -> Option<&'static Set> {
    Some(match level as u32 {
        0 => &network::IP,
        1 => &network::SO,
        6 => &network::TCP,
        17 | 136 => &network::UDP_OPT,
        41 => &network::IPV6,
        270 => &network::NETLINK_OPT,
        _ => return None,
    })
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

/// Commands of `fcntl` that take no argument.
pub(super) fn fcntl_has_argument(command: u64) -> bool {
    !matches!(command as u32, 1 | 3 | 9 | 11 | 1025 | 1032 | 1034)
}

/// Whether a command of `ioctl` has an argument worth showing.
pub(super) fn ioctl_has_argument(command: u64) -> bool {
    // TIOCEXCL, TIOCNXCL, TIOCSCTTY's neighbours without one, FIONCLEX, FIOCLEX.
    !matches!(command as u32, 0x540c | 0x540d | 0x5422 | 0x5427 | 0x5428 | 0x5450 | 0x5451)
}

/// The name of an `ioctl` command, or how its number is made up (`asm-generic/ioctl.h`).
pub(super) fn ioctl(out: &mut String, command: u32) {
    if let Some(name) = ioctl_sets::IOCTL.name(u64::from(command)) {
        return out.push_str(name);
    }
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

/// How many arguments an option of `prctl` shows (`linux/prctl.h`): those that have none, those
/// with one, and the rest with four.
pub(super) fn prctl_has_argument(option: u64, n: usize) -> bool {
    let shown = match option as u32 {
        3 | 7 | 21 | 27 | 30 | 31 | 32 => 0,
        1 | 2 | 4 | 5 | 6 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 19 | 20 | 23 | 24 | 25 | 26 | 28 | 29 | 36
        | 37 | 40 | 45 | 0x5961_6d61 => 1,
        22 => 2,
        _ => 4,
    };
    n <= shown
}

/// How many arguments an operation of `keyctl` has (keyctl(2)).
pub(super) const fn keyctl_arguments(operation: u64) -> usize {
    match operation as u32 {
        1 | 3 | 7 | 14 | 16 | 21 => 1,
        0 | 5 | 8 | 9 | 15 | 22 | 31 => 2,
        2 | 4 | 6 | 11 | 13 | 17 | 29 => 3,
        18 => 0,
        _ => 4,
    }
}

/// One argument of `keyctl`: most first ones are keys.
pub(super) fn keyctl_argument(out: &mut String, operation: u64, n: usize, value: u64) {
    let low = value as u32;
    match (operation as u32, n) {
        (1, 1) | (2 | 6 | 11 | 12 | 17, 2) => pointer(out, value),
        (0 | 2..=13 | 15..=17 | 21 | 22, 1) | (8 | 9, 2) => match system::KEY_SPEC.name(u64::from(low)) {
            Some(name) => out.push_str(name),
            None => signed(out, i64::from(low.cast_signed())),
        },
        (0, 2) | (2 | 6 | 11, 3) | (4 | 15, _) => decimal(out, value),
        _ => hex_or_zero(out, value),
    }
}
