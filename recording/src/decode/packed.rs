//! Flags that carry a number beside their bits, or two things in one word.

use super::text::{choice, comment, decimal, flags, hex, hex_or_zero, more_flags, named_flags, octal};
use crate::syscalls::Arch;
use crate::syscalls::flags::{Set, file, ipc, memory, network, process};

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
    let shift = rest >> 26 & 0x3f;
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
            if bits != 0 && network::SOCK_FLAGS.names.iter().all(|(flag, _)| bits & flag == 0) {
                comment(out, network::SOCK_FLAGS.unknown);
            }
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

/// Protocol of a packet socket, in network order (`linux/if_ether.h`).
pub(super) fn packet_protocol(out: &mut String, value: u16) {
    out.push_str("htons(");
    choice(out, &network::ETH_P, u64::from(value.swap_bytes()));
    out.push(')');
}

/// Attributes of a mount. Three bits are one field, the kind of access times (`MOUNT_ATTR__ATIME`,
/// `linux/mount.h`): two of its values have names, none is two of them together.
pub(super) fn mount_attributes(out: &mut String, value: u64) {
    const ACCESS_TIME: u64 = 0x70;
    let value = value & u64::from(u32::MAX);
    let field = value & ACCESS_TIME;
    if matches!(field, 0 | 0x10 | 0x20) {
        return flags(out, &file::MOUNT_ATTR, value);
    }
    if value != field {
        flags(out, &file::MOUNT_ATTR, value & !ACCESS_TIME);
        out.push('|');
    }
    hex(out, field);
    comment(out, "MOUNT_ATTR__ATIME_???");
}
