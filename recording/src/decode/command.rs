//! Calls whose arguments depend on a command: `fcntl`, `ioctl`, `prctl`, `futex`, `clone`, and
//! flags that carry a number beside their bits.

use super::text::{
    self, choice, comment, decimal, flags, hex, hex_or_zero, more_flags, named_flags, octal, pointer, signed,
};
use crate::syscalls::Arch;
use crate::syscalls::flags::{Set, file, ioctl as ioctl_sets, ipc, memory, network, process, system, time};

/// Type and flags of a mapping, and the size of its pages (`asm-generic/mman-common.h`).
pub(super) fn map_flags(out: &mut String, value: u64, arch: Arch) {
    let kind = value & 0xf;
    match memory::MAP_TYPE.name(kind) {
        Some(name) => out.push_str(name),
        None => {
            hex(out, kind);
            comment(out, "MAP_???");
        }
    }
    let mut rest = value & !0xf;
    if rest == 0 {
        return;
    }
    // MAP_32BIT and MAP_ABOVE4G are bits of x86 alone.
    let foreign = if arch == Arch::Aarch64 { rest & 0xc0 } else { 0 };
    let shift = if rest & 0x4_0000 != 0 { rest >> 26 & 0x3f } else { 0 };
    rest &= !(foreign | shift << 26);
    out.push('|');
    let (unnamed, named) = named_flags(out, &memory::MAP, rest);
    let unnamed = unnamed | foreign;
    if unnamed != 0 {
        if named {
            out.push('|');
        }
        hex(out, unnamed);
    }
    if shift != 0 {
        out.push('|');
        decimal(out, shift);
        out.push_str("<<MAP_HUGE_SHIFT");
    }
}

/// Flags with a page size in bits 26 to 31.
pub(super) fn sized_flags(out: &mut String, set: &Set, value: u64, shift_name: &str) {
    let shift = value >> 26 & 0x3f;
    let rest = value & 0x3ff_ffff;
    if rest != 0 || shift == 0 {
        flags(out, set, rest);
    }
    if shift != 0 {
        if rest != 0 {
            out.push('|');
        }
        decimal(out, shift);
        out.push_str("<<");
        out.push_str(shift_name);
    }
}

/// Mode and mode flags of a memory policy (`linux/mempolicy.h`).
pub(super) fn mempolicy(out: &mut String, value: u32) {
    let value = u64::from(value);
    let bits = value & 0xe000;
    choice(out, &memory::MPOL, value & !0xe000);
    for (bit, name) in
        [(0x8000, "|MPOL_F_STATIC_NODES"), (0x4000, "|MPOL_F_RELATIVE_NODES"), (0x2000, "|MPOL_F_NUMA_BALANCING")]
    {
        if bits & bit != 0 {
            out.push_str(name);
        }
    }
}

/// A clock; negative numbers are made of a process or a descriptor (`linux/posix-timers.h`).
pub(super) fn clock(out: &mut String, value: u32) {
    choice(out, &time::CLOCK, u64::from(value));
}

/// Flags of `mount`; the magic number in the upper half of the old ones is shown for itself.
pub(super) fn mount_flags(out: &mut String, value: u64) {
    if value & 0xffff_0000 == 0xc0ed_0000 {
        out.push_str("MS_MGC_VAL");
        return more_flags(out, &file::MOUNT, value & !0xffff_0000);
    }
    flags(out, &file::MOUNT, value);
}

/// Flags of `statx`: how to synchronise stands first.
pub(super) fn statx_flags(out: &mut String, value: u32) {
    let value = u64::from(value);
    out.push_str(match value & 0x6000 {
        0 => "AT_STATX_SYNC_AS_STAT",
        0x2000 => "AT_STATX_FORCE_SYNC",
        0x4000 => "AT_STATX_DONT_SYNC",
        _ => "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC",
    });
    more_flags(out, &file::AT, value & !0x6000);
}

/// Flags of `swapon` and the priority in their lower bits.
pub(super) fn swap_flags(out: &mut String, value: u32) {
    let (bits, priority) = (u64::from(value) & !0x7fff, u64::from(value) & 0x7fff);
    if bits != 0 {
        flags(out, &file::SWAP, bits);
        out.push('|');
    }
    decimal(out, priority);
}

/// Flags and permissions of a System V IPC object.
pub(super) fn ipc_flags(out: &mut String, set: &Set, value: u32) {
    let value = u64::from(value);
    let shift = if set.unknown == ipc::SHM_GET.unknown { value >> 26 & 0x3f } else { 0 };
    let bits = value & !0o777 & !(shift << 26);
    if bits != 0 {
        let (rest, named) = named_flags(out, set, bits);
        if rest != 0 {
            if named {
                out.push('|');
            }
            hex(out, rest);
        }
        out.push('|');
    }
    if shift != 0 {
        decimal(out, shift);
        out.push_str("<<SHM_HUGE_SHIFT|");
    }
    octal(out, value & 0o777);
}

/// A command of System V IPC, with the flag for the 64-bit layout.
pub(super) fn ipc_command(out: &mut String, set: &Set, value: u32) {
    let value = u64::from(value);
    if value & 0x100 != 0 {
        out.push_str("IPC_64|");
    }
    choice(out, set, value & !0x100);
}

/// Class and level of an I/O priority (`linux/ioprio.h`).
pub(super) fn ioprio(out: &mut String, value: u64) {
    out.push_str("IOPRIO_PRIO_VALUE(");
    choice(out, &process::IOPRIO_CLASS, value >> 13 & 0x7_ffff);
    out.push_str(", ");
    decimal(out, value & 0x1fff);
    out.push(')');
}

/// An execution domain and its flags (`linux/personality.h`).
pub(super) fn personality(out: &mut String, value: u64) {
    if value == 0xffff_ffff {
        return out.push_str("0xffffffff");
    }
    choice(out, &process::PERSONALITY, value & 0xff);
    more_flags(out, &process::PERSONALITY_FLAGS, value & !0xff);
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

/// A policy and its flag (`linux/sched.h`).
pub(super) fn sched_policy(out: &mut String, value: u32) {
    choice(out, &process::SCHED, u64::from(value & !0x4000_0000));
    if value & 0x4000_0000 != 0 {
        out.push_str("|SCHED_RESET_ON_FORK");
    }
}

/// Type of a socket in the lower four bits, then flags (`linux/net.h`).
pub(super) fn socket_type(out: &mut String, value: u32) {
    let (kind, bits) = (u64::from(value & 0xf), u64::from(value & !0xf));
    match network::SOCK_TYPE.name(kind) {
        Some(name) => {
            out.push_str(name);
            more_flags(out, &network::SOCK_FLAGS, bits);
        }
        None => {
            let (rest, named) = named_flags(out, &network::SOCK_FLAGS, u64::from(value));
            if rest != 0 || !named {
                if named {
                    out.push('|');
                }
                hex_or_zero(out, rest);
            }
            if !named {
                comment(out, "SOCK_???");
            }
        }
    }
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

/// Bits beside the operation of `futex`.
const FUTEX_FLAGS: u32 = 0x180;

/// What the fourth argument of `futex` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fourth {
    /// Not used.
    Nothing,
    /// A time.
    Time,
    /// A number.
    Number,
}

/// Which arguments an operation of `futex` uses: value, fourth, second address, third value
/// (futex(2)).
pub(super) const fn futex_shows(operation: u64) -> (bool, Fourth, bool, bool) {
    match operation as u32 & !FUTEX_FLAGS {
        0 => (true, Fourth::Time, false, false),
        1 | 2 => (true, Fourth::Nothing, false, false),
        3 => (true, Fourth::Number, true, false),
        4 | 5 | 12 => (true, Fourth::Number, true, true),
        6 | 13 => (false, Fourth::Time, false, false),
        7 | 8 => (false, Fourth::Nothing, false, false),
        9 => (true, Fourth::Time, false, true),
        10 => (true, Fourth::Nothing, false, true),
        11 => (true, Fourth::Time, true, false),
        _ => (true, Fourth::Number, true, true),
    }
}

/// `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`.
pub(super) fn futex_operation(out: &mut String, operation: u32) {
    let name = ipc::FUTEX.name(u64::from(operation & !FUTEX_FLAGS));
    match name {
        Some(name) => {
            out.push_str(name);
            if operation & 0x80 != 0 {
                out.push_str("_PRIVATE");
            }
            if operation & 0x100 != 0 {
                out.push_str("|FUTEX_CLOCK_REALTIME");
            }
        }
        None => {
            hex(out, u64::from(operation));
            comment(out, "FUTEX_???");
        }
    }
}

/// The last argument of `futex`: a bit set, a value, or an operation.
pub(super) fn futex_third(out: &mut String, operation: u64, value: u32) {
    match operation as u32 & !FUTEX_FLAGS {
        9 | 10 if value == u32::MAX => out.push_str("FUTEX_BITSET_MATCH_ANY"),
        9 | 10 => hex_or_zero(out, u64::from(value)),
        5 => futex_wake_operation(out, value),
        4 | 12 => decimal(out, u64::from(value)),
        _ => hex_or_zero(out, u64::from(value)),
    }
}

/// `FUTEX_OP` and its parts (`linux/futex.h`).
fn futex_wake_operation(out: &mut String, value: u32) {
    let operations = ["FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"];
    let compares = [
        "FUTEX_OP_CMP_EQ",
        "FUTEX_OP_CMP_NE",
        "FUTEX_OP_CMP_LT",
        "FUTEX_OP_CMP_LE",
        "FUTEX_OP_CMP_GT",
        "FUTEX_OP_CMP_GE",
    ];
    if value >> 31 != 0 {
        out.push_str("FUTEX_OP_OPARG_SHIFT<<28|");
    }
    let mut named = |names: &[&str], number: u32| match names.get(number as usize) {
        Some(name) => out.push_str(name),
        None => hex(out, u64::from(number)),
    };
    named(&operations, value >> 28 & 7);
    let parts = [value >> 12 & 0xfff, value & 0xfff];
    named(&["<<28|"], 0);
    hex_or_zero(out, u64::from(parts[0]));
    out.push_str("<<12|");
    match compares.get((value >> 24 & 0xf) as usize) {
        Some(name) => out.push_str(name),
        None => hex(out, u64::from(value >> 24 & 0xf)),
    }
    out.push_str("<<24|");
    hex_or_zero(out, u64::from(parts[1]));
}
